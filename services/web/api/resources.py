"""Describes each function of the API: its REST-style path, what it does, and what it answers.

The paths are those of Etherpad 3.3, such as `/rest/<version>/pad/getText`. Which parameters a
function takes, and since which version it exists, is in `versions`.
"""

from typing import Any, Final, NamedTuple

Schema = dict[str, Any]
"""A schema as in OpenAPI."""

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
YES_OR_NO: Final[Schema] = {"type": "boolean"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
ANY: Final[Schema] = {"type": "object"}


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def some(name: str) -> Schema:
    return {"type": "array", "items": reference(name)}


class Operation(NamedTuple):
    path: str  #: what follows /rest/<version>/
    tag: str
    summary: str
    data: dict[str, Schema] | None = None  #: fields of an object; None: the answer has no data
    by_name: str = ""  #: or an object that maps each id to such a thing


def _operation(
    path: str, summary: str, /, tag: str = "", by_name: str = "", **data: Schema
) -> Operation:
    return Operation(path, tag or path.partition("/")[0], summary, data or None, by_name)


TAGS: Final = {
    "pad": "Pads: their text, revisions, attributes, and how they are reached",
    "author": "Authors, and what they have written",
    "session": "Sessions, which let an author onto the pads of a group",
    "group": "Groups, whose pads are for who has a session",
    "chat": "The chat of a pad",
    "server": "The fleet as a whole",
}

SCHEMAS: Final[dict[str, dict[str, Schema]]] = {
    "SessionInfo": {"groupID": TEXT, "authorID": TEXT, "validUntil": WHOLE},
    "UserInfo": {"id": TEXT, "name": TEXT, "colorId": {}},
    "Message": {"text": TEXT, "userId": TEXT, "userName": TEXT, "time": WHOLE},
}

OPERATIONS: Final[dict[str, Operation]] = {
    "createGroup": _operation("group/create", "Makes a group", groupID=TEXT),
    "createGroupIfNotExistsFor": _operation(
        "group/createIfNotExistsFor",
        "The group that stands for a name of yours, made if there is none",
        groupID=TEXT,
    ),
    "deleteGroup": _operation("group/delete", "Deletes a group, with its pads and sessions"),
    "listPads": _operation("group/listPads", "The pads of a group", padIDs=TEXTS),
    "createGroupPad": _operation(
        "group/createPad", "Makes a pad of a group", padID=TEXT, deletionToken=TEXT
    ),
    "listSessionsOfGroup": _operation(
        "group/listSessions", "The sessions of a group, by id", by_name="SessionInfo"
    ),
    "listAllGroups": _operation("group/list", "All groups", groupIDs=TEXTS),
    "createAuthor": _operation("author/create", "Makes an author", authorID=TEXT),
    "createAuthorIfNotExistsFor": _operation(
        "author/createIfNotExistsFor",
        "The author who stands for a name of yours, made if there is none",
        authorID=TEXT,
    ),
    "listPadsOfAuthor": _operation(
        "author/listPads", "The pads that an author has written in", padIDs=TEXTS
    ),
    "listSessionsOfAuthor": _operation(
        "author/listSessions", "The sessions of an author, by id", by_name="SessionInfo"
    ),
    "getAuthorName": _operation("author/getName", "The name of an author, as a text"),
    "anonymizeAuthor": _operation(
        "author/anonymize",
        "Makes an author unknown, and counts what that has changed",
        affectedPads=WHOLE,
        removedTokenMappings=WHOLE,
        removedExternalMappings=WHOLE,
        clearedChatMessages=WHOLE,
    ),
    "createSession": _operation(
        "session/create",
        "Lets an author onto the pads of a group until a time in Unix seconds",
        sessionID=TEXT,
    ),
    "deleteSession": _operation("session/delete", "Deletes a session"),
    "getSessionInfo": _operation(
        "session/info", "What a session is", groupID=TEXT, authorID=TEXT, validUntil=WHOLE
    ),
    "listAllPads": _operation("pad/listAll", "All pads", padIDs=TEXTS),
    "createDiffHTML": _operation(
        "pad/createDiffHTML",
        "What has changed between two revisions, as HTML, and by whom",
        html=TEXT,
        authors=TEXTS,
    ),
    "createPad": _operation("pad/create", "Makes a pad of no group", deletionToken=TEXT),
    "getText": _operation("pad/getText", "The text of a pad, or of a revision", text=TEXT),
    "setText": _operation("pad/setText", "Puts another text in the place of a pad's"),
    "getHTML": _operation("pad/getHTML", "A pad, or a revision, as HTML", html=TEXT),
    "setHTML": _operation("pad/setHTML", "Puts what HTML says in the place of a pad's text"),
    "getRevisionsCount": _operation(
        "pad/getRevisionsCount", "The number of a pad's newest revision", revisions=WHOLE
    ),
    "getLastEdited": _operation(
        "pad/getLastEdited", "When a pad was last edited, in ms since 1970", lastEdited=WHOLE
    ),
    "deletePad": _operation("pad/delete", "Deletes a pad"),
    "getReadOnlyID": _operation(
        "pad/getReadOnlyID", "The read-only address of a pad", readOnlyID=TEXT
    ),
    "setPublicStatus": _operation(
        "pad/setPublicStatus", "Opens a group's pad to those without a session, or closes it"
    ),
    "getPublicStatus": _operation(
        "pad/getPublicStatus", "Whether a group's pad is open", publicStatus=YES_OR_NO
    ),
    "listAuthorsOfPad": _operation("pad/authors", "Who has written in a pad", authorIDs=TEXTS),
    "padUsersCount": _operation(
        "pad/usersCount", "How many people are on a pad now", padUsersCount=WHOLE
    ),
    "padUsers": _operation("pad/users", "Who is on a pad now", padUsers=some("UserInfo")),
    "sendClientsMessage": _operation(
        "pad/sendClientsMessage", "Sends a message of this type to all who are on a pad"
    ),
    "checkToken": _operation("pad/checkToken", "Whether the key is right", tag="server"),
    "getChatHistory": _operation(
        "pad/getChatHistory", "The chat of a pad", tag="chat", messages=some("Message")
    ),
    "getChatHead": _operation(
        "pad/getChatHead", "The number of the newest chat message", tag="chat", chatHead=WHOLE
    ),
    "appendChatMessage": _operation(
        "pad/appendChatMessage", "Says something in the chat of a pad", tag="chat"
    ),
    "getAttributePool": _operation(
        "pad/getAttributePool", "The attributes of a pad, with their numbers", pool=ANY
    ),
    "getRevisionChangeset": _operation(
        "pad/getRevisionChangeset", "What a revision has changed, as a text"
    ),
    "copyPad": _operation("pad/copyPad", "Copies a pad with its history and chat", padID=TEXT),
    "copyPadWithoutHistory": _operation(
        "pad/copyPadWithoutHistory", "Copies the present text of a pad", padID=TEXT
    ),
    "movePad": _operation("pad/movePad", "Gives a pad another id"),
    "getPadID": _operation("pad/getPadID", "The pad of a read-only address", padID=TEXT),
    "getSavedRevisionsCount": _operation(
        "pad/getSavedRevisionsCount", "How many revisions of a pad are saved", savedRevisions=WHOLE
    ),
    "listSavedRevisions": _operation(
        "pad/listSavedRevisions",
        "The numbers of the saved revisions",
        savedRevisions={"type": "array", "items": WHOLE},
    ),
    "saveRevision": _operation("pad/saveRevision", "Saves a revision of a pad"),
    "restoreRevision": _operation("pad/restoreRevision", "Makes a pad what it was"),
    "appendText": _operation("pad/appendText", "Puts a text at the end of a pad"),
    "compactPad": _operation(
        "pad/compactPad",
        "Leaves out old revisions of a pad",
        ok=YES_OR_NO,
        mode=TEXT,
        keepRevisions=WHOLE,
    ),
    "getStats": _operation(
        "server/getStats",
        "How many pads there are, and who is on them",
        totalPads=WHOLE,
        totalSessions=WHOLE,
        totalActivePads=WHOLE,
    ),
}

AT: Final = {operation.path: name for name, operation in OPERATIONS.items()}
"""The functions by their REST-style paths."""
