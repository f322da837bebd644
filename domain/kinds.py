"""The kinds of sender and every event type the vendors document, in the vendors' own words."""

MDM_TOPICS = (
    "mdm.Authenticate",
    "mdm.TokenUpdate",
    "mdm.CheckOut",
    "mdm.Connect",
    "mdm.GetBootstrapToken",
    "mdm.SetBootstrapToken",
)

TYPES: dict[str, tuple[str, ...]] = {
    # https://github.com/micromdm/micromdm/blob/main/docs/user-guide/api-and-webhooks.md
    "micromdm": MDM_TOPICS,
    # https://github.com/micromdm/nanomdm/blob/main/docs/operations-guide.md
    "nanomdm": (*MDM_TOPICS, "mdm.UserAuthenticate", "mdm.DeclarativeManagement", "mdm.GetToken"),
    # https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications
    "apps-and-books": (
        "ASSET_MANAGEMENT",
        "ASSET_COUNT",
        "USER_MANAGEMENT",
        "USER_ASSOCIATED",
        "TEST_NOTIFICATION",
        "SUBSCRIPTION_MANAGEMENT",
        "SUBSCRIPTION_COUNT",
        "UNLIMITED_ASSET",
    ),
    # https://developer.jamf.com/developer-guide/docs/webhooks
    "jamf": (
        "ComputerAdded",
        "ComputerCheckIn",
        "ComputerInventoryCompleted",
        "ComputerPatchPolicyCompleted",
        "ComputerPolicyFinished",
        "ComputerPushCapabilityChanged",
        "DeviceAddedToDEP",
        "DeviceRateLimited",
        "JSSShutdown",
        "JSSStartup",
        "MobileDeviceCheckIn",
        "MobileDeviceCommandCompleted",
        "MobileDeviceEnrolled",
        "MobileDeviceInventoryCompleted",
        "MobileDevicePushSent",
        "MobileDeviceUnEnrolled",
        "PatchSoftwareTitleUpdated",
        "PushSent",
        "RestAPIOperation",
        "SCEPChallenge",
        "SmartGroupComputerMembershipChange",
        "SmartGroupMobileDeviceMembershipChange",
        "SmartGroupUserMembershipChange",
    ),
}
KINDS = tuple(TYPES)

MDM_KINDS = ("micromdm", "nanomdm")
"""Those that relay what devices say, and take commands for them."""

_CANONICAL = {kind: {name.lower(): name for name in types} for kind, types in TYPES.items()}


def canonical_type(kind: str, name: str) -> str:
    """The documented spelling of a type; an unknown one as it was sent.

    Jamf Pro itself spells some in two ways (`ComputerCheckIn`, `ComputerCheckin`), so case does not count there.
    """
    return _CANONICAL[kind].get(name.lower(), name) if kind == "jamf" else name
