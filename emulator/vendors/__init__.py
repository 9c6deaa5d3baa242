"""The vendors in the box, in the order in which they are shown."""

from emulator.sdk import Vendor
from emulator.vendors.serpwow import SERPWOW
from emulator.vendors.sixdot50 import SIXDOT50
from emulator.vendors.stripe import STRIPE

VENDORS: dict[str, Vendor] = {vendor.name: vendor for vendor in (SERPWOW, STRIPE, SIXDOT50)}
