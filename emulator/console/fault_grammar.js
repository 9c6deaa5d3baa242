/** Which faults mean something, in words: `where` they strike, and what they `do` there. A test compares it with the server's own table. */

export const WHERE = {
  "before-auth": "before the vendor looks at the credential: nothing happens",
  "before-commit": "before it takes effect: nothing happens",
  "after-commit": "after it took effect, in place of the answer",
  "mid-body": "in the middle of the answer",
  "after-reply": "after the answer",
};

export const DO = {
  drop: "the line is closed without an answer: it is lost",
  reset: "the connection is reset",
  status: "another status, such as 503, comes in place of the answer",
  delay: "it takes longer",
  hang: "it never comes",
  truncate: "the body ends too early",
  garbage: "bytes that are no HTTP",
  dribble: "the body comes in small pieces",
};

const INVALID = {
  "before-auth": ["truncate", "dribble"],
  "before-commit": ["truncate", "dribble"],
  "after-commit": ["truncate", "dribble"],
  "mid-body": ["status", "drop"],
  "after-reply": ["status", "truncate", "dribble", "delay", "hang"],
};

export const DELIVERY = {
  duplicate: "it is owed twice",
  delay: "it comes later",
  reorder: "it comes after the next one",
  drop: "it is never sent",
  "before-response": "it comes before the call that caused it is answered",
  outage: "an attempt does not reach the receiver",
  "lose-response": "the receiver acts, and its answer is lost",
  "wrong-secret": "it is signed with another secret",
  "stale-timestamp": "its signature is ten minutes old",
  corrupt: "a letter of its body is changed",
};

/** Return what can be done at a place in a request's life. */
export function doable(where) {
  return Object.keys(DO).filter((it) => !INVALID[where].includes(it));
}
