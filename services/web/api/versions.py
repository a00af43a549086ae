"""Lists which functions exist since which version, and which parameters they take.

The names are those of Etherpad 3.3. A parameter that a version does not have is ignored in calls of
that version.
"""

from typing import Final

_SINCE: Final[dict[str, dict[str, str]]] = {
    "1": {
        "createGroup": "",
        "createGroupIfNotExistsFor": "groupMapper",
        "deleteGroup": "groupID",
        "listPads": "groupID",
        "createPad": "padID text",
        "createGroupPad": "groupID padName text",
        "createAuthor": "name",
        "createAuthorIfNotExistsFor": "authorMapper name",
        "listPadsOfAuthor": "authorID",
        "createSession": "groupID authorID validUntil",
        "deleteSession": "sessionID",
        "getSessionInfo": "sessionID",
        "listSessionsOfGroup": "groupID",
        "listSessionsOfAuthor": "authorID",
        "getText": "padID rev",
        "setText": "padID text",
        "getHTML": "padID rev",
        "setHTML": "padID html",
        "getRevisionsCount": "padID",
        "getLastEdited": "padID",
        "deletePad": "padID deletionToken",
        "getReadOnlyID": "padID",
        "setPublicStatus": "padID publicStatus",
        "getPublicStatus": "padID",
        "listAuthorsOfPad": "padID",
        "padUsersCount": "padID",
    },
    "1.1": {
        "getAuthorName": "authorID",
        "padUsers": "padID",
        "sendClientsMessage": "padID msg",
        "listAllGroups": "",
    },
    "1.2": {"checkToken": ""},
    "1.2.1": {"listAllPads": ""},
    "1.2.7": {
        "createDiffHTML": "padID startRev endRev",
        "getChatHistory": "padID start end",
        "getChatHead": "padID",
    },
    "1.2.8": {"getAttributePool": "padID", "getRevisionChangeset": "padID rev"},
    "1.2.9": {
        "copyPad": "sourceID destinationID force",
        "movePad": "sourceID destinationID force",
    },
    "1.2.10": {"getPadID": "roID"},
    "1.2.11": {
        "getSavedRevisionsCount": "padID",
        "listSavedRevisions": "padID",
        "saveRevision": "padID rev",
        "restoreRevision": "padID rev",
    },
    "1.2.12": {"appendChatMessage": "padID text authorID time"},
    "1.2.13": {"appendText": "padID text"},
    "1.2.14": {"getStats": ""},
    "1.2.15": {"copyPadWithoutHistory": "sourceID destinationID force"},
    "1.3.0": {
        "appendText": "padID text authorId",
        "copyPadWithoutHistory": "sourceID destinationID force authorId",
        "createGroupPad": "groupID padName text authorId",
        "createPad": "padID text authorId",
        "restoreRevision": "padID rev authorId",
        "setHTML": "padID html authorId",
        "setText": "padID text authorId",
    },
    "1.3.1": {"compactPad": "padID keepRevisions", "anonymizeAuthor": "authorID"},
}

CURRENT: Final = "1.3.1"


def _all() -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    so_far: dict[str, tuple[str, ...]] = {}
    for version, functions in _SINCE.items():
        so_far = so_far | {name: tuple(takes.split()) for name, takes in functions.items()}
        found[version] = so_far
    return found


VERSIONS: Final = _all()
"""The functions of each version, each with the names of its parameters."""
