"""Assumptions about the meaning of fields and of search terms where SerpWow's pages print a name and no more."""

from __future__ import annotations

from emulator.sdk import Assumption

GET_COUNTS = Assumption(
    "serpwow.get-counts",
    "How are the two counts of searches called in Get Batch, and in Create and Update, which answer as it does?",
    ("searches", "search"),
    "The page of Get prints search_total_count and search_page_count; that of List Searches names searches_page_count as a"
    " field of Get, every other sample has the plural, and public code reads it from Get.",
)
EMPTY_PAGES = Assumption(
    "serpwow.empty-pages",
    "How many pages has a list that has nothing in it?",
    ("0", "1"),
    "The samples of a batch without searches have a searches_page_count of 0; the batch itself says so in any case.",
)
RESULTS_PAGE = Assumption(
    "serpwow.results-page",
    "How many searches have their results on one page of a result set?",
    ("1000", "15000"),
    "No page says it of results; a page of searches is published to have 1000.",
)
SEARCHES_COMPLETED = Assumption(
    "serpwow.searches-completed",
    "Does searches_completed count the searches that failed?",
    ("no", "yes"),
    "Only a result set without failures is printed; beside searches_failed and searches_total it reads as a part of it.",
)
ABSENT_STATUS = Assumption(
    "serpwow.absent-status",
    "What do webhook_status and destination_status hold in a result set without a webhook, or without destinations?",
    ("omitted", "null"),
    "The samples have both; other fields of a batch that do not apply are left out.",
)
USED_BY = Assumption(
    "serpwow.used-by",
    "Which batches does used_by of a destination count?",
    ("all", "enabled"),
    "The page prints a number and does not say of what; a batch that is not enabled names its destinations too.",
)
ACCOUNT_STATUS = Assumption(
    "serpwow.account-status",
    "Which components does the status of an account list where a scenario names none?",
    ("api", "none"),
    "The page says that the account shows the current platform status, and names no component.",
)
CONTAINS = Assumption(
    "serpwow.contains",
    "Does search_type=contains find a word inside a longer one?",
    ("inside", "whole-words"),
    "The page says that the name or the id contains the words, and its other types compare the ends of the name by letters.",
)
LETTER_CASE = Assumption(
    "serpwow.letter-case",
    "Do capitals matter in Find Searches, and to search_term in List Destinations and List Error Logs?",
    ("ignored", "heeded"),
    "Their pages do not say; in List Batches they matter to search_type=exact only.",
)
LOG_TERM = Assumption(
    "serpwow.log-term",
    "In which texts of the parameters of an error log is search_term looked for?",
    ("names-and-values", "values"),
    "The page says that it is contained in the parameters, which have both.",
)
LOG_PARAMETERS = Assumption(
    "serpwow.log-parameters",
    "Which field of an error log has the parameters of its request?",
    ("parameters", "thumbnail"),
    "The page has this object as thumbnail, and parameters as a link to a website: two rows of another table have slipped in."
    " Its search_term looks in parameters.",
)
DESTINATION_FIELDS = Assumption(
    "serpwow.destination-fields",
    "Which fields of its own type has a listed destination that is not of the type s3?",
    ("all-but-secrets", "none"),
    "The sample is of s3, and has its bucket and path prefix without the credentials.",
)
CSV_COLUMNS = Assumption(
    "serpwow.csv-columns",
    "Which columns has a CSV file of results for which the call gives no csv_fields?",
    ("batch", "default"),
    "No page says what notification_csv_fields of a batch is for; by its name it chooses the columns of what is notified.",
)
CSV_NAMES = Assumption(
    "serpwow.csv-names",
    "How are the columns of a CSV file of results called for which nobody chose them?",
    ("reference", "item"),
    "The CSV Fields Reference calls them organic_results.position and the like; public code that reads files of a sibling"
    " product has result before it. As csv_fields both are read.",
)
NAME_ORDER = Assumption(
    "serpwow.name-order",
    "Do capitals matter where batches or destinations are sorted by name?",
    ("heeded", "ignored"),
    "The pages do not say; most stores compare the codes of letters, by which all capitals come first.",
)
RESULT_EXPIRY = Assumption(
    "serpwow.result-expiry",
    "How many days after the end of a result set does it say that it expires?",
    ("14", "6"),
    "Three pages say that result sets are kept for 14 days; the samples of two have an expires_at six days after ended_at.",
)
DEFAULT_ORDER = Assumption(
    "serpwow.default-order",
    "In which order are destinations and error logs listed where sort_by is left out?",
    ("sorted", "as-they-came"),
    "Their pages name no default: by name, the default of List Batches, and by date.",
)
