"""The destination that the parameters of Create and Update make."""

from __future__ import annotations

from emulator.sdk import JsonObject, View, replace
from emulator.vendors.serpwow.destinations.machine import is_unreachable
from emulator.vendors.serpwow.destinations.model import SETTINGS, TYPES, Destination
from emulator.vendors.serpwow.requests.validation import flag, invalid, one_of, optional_text, text

OSS_REGIONS = (
    "oss-cn-hangzhou", "oss-cn-shanghai", "oss-cn-qingdao", "oss-cn-beijing", "oss-cn-zhangjiakou", "oss-cn-huhehaote",
    "oss-cn-wulanchabu", "oss-cn-shenzhen", "oss-cn-heyuan", "oss-cn-guangzhou", "oss-cn-chengdu", "oss-cn-hongkong",
    "oss-us-west-1", "oss-us-east-1", "oss-ap-southeast-1", "oss-ap-southeast-2", "oss-ap-southeast-3",
    "oss-ap-southeast-5", "oss-ap-northeast-1", "oss-ap-south-1", "oss-eu-central-1", "oss-eu-west-1", "oss-me-east-1",
)  # fmt: skip
"""The regions of Alibaba Cloud OSS for destinations. Evidence: serpwow-destinations-15."""

READERS = {"oss_region_id": one_of(OSS_REGIONS)}
"""Parameters with certain values only. Evidence: serpwow-destinations-15 and serpwow-body-7."""


def change_destination(old: Destination, parameters: JsonObject) -> Destination:
    """Return a destination with these parameters.

    Raises:
        InvalidRequest: a value is not valid, or one that its type needs is missing.
    """
    type = one_of(TYPES)("type", parameters.get("type", old.type))
    return replace(
        old,
        name=text("name", parameters.get("name", old.name)),
        type=type,
        enabled=flag("enabled", parameters.get("enabled", old.enabled)),
        settings=tuple(sorted(_settings(old, type, parameters).items())),
    )


def _settings(old: Destination, type: str, parameters: JsonObject) -> dict[str, str]:
    """Return the settings of a type: the old ones that still apply, changed; those of other types are ignored."""
    spec = SETTINGS[type]
    kept = {name: value for name, value in old.settings if type == old.type or name in spec.required + spec.optional}
    readers = {name: READERS.get(name, text) for name in spec.required} | dict.fromkeys(spec.optional, optional_text)
    settings = kept | {name: read(name, parameters[name]) for name, read in readers.items() if name in parameters}
    missing = [name for name in spec.required if name not in settings]
    if missing and type != old.type:
        raise invalid(f"{missing[0]} is required", "serpwow-destinations-9")
    return {name: value for name, value in settings.items() if value is not None}


def check_upload(view: View, new: Destination, old: Destination | None = None) -> None:
    """Try an upload to a destination that a request enables or gives other credentials. Evidence: serpwow-destinations-8.

    Raises:
        InvalidRequest: the upload fails.
    """
    enabled = new.enabled and not (old and old.enabled)
    before, after = dict((old or new).settings), dict(new.settings)
    changed = any(before.get(name) != after.get(name) for name in SETTINGS[new.type].credentials)
    if (enabled or changed) and is_unreachable(view, new):
        raise invalid("The test upload to the Destination failed", "serpwow-destinations-8")
