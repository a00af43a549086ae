"""Maps the names in `versions` to the functions of the API."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from padfleet.services.web.api import (
    chat,
    compaction,
    copies,
    differences,
    erasing,
    groups,
    pads,
    people,
    revisions,
    texts,
)
from padfleet.services.web.api.context import Api, Fields

Function = Callable[[Api, Fields], Awaitable[Any]]


async def _check_token(_api: Api, _fields: Fields) -> None:
    """Does nothing: a caller who gets here has the key."""


FUNCTIONS: Final[dict[str, Function]] = {
    "createGroup": groups.create_group,
    "createGroupIfNotExistsFor": groups.create_group_if_not_exists_for,
    "deleteGroup": groups.delete_group,
    "listAllGroups": groups.list_all_groups,
    "listPads": groups.list_pads,
    "createSession": groups.create_session,
    "deleteSession": groups.delete_session,
    "getSessionInfo": groups.get_session_info,
    "listSessionsOfGroup": groups.list_sessions_of_group,
    "listSessionsOfAuthor": groups.list_sessions_of_author,
    "createPad": pads.create_pad,
    "createGroupPad": pads.create_group_pad,
    "deletePad": pads.delete_pad,
    "getReadOnlyID": pads.get_read_only_id,
    "getPadID": pads.get_pad_id,
    "listAllPads": pads.list_all_pads,
    "setPublicStatus": pads.set_public_status,
    "getPublicStatus": pads.get_public_status,
    "copyPad": copies.copy_pad,
    "copyPadWithoutHistory": copies.copy_pad_without_history,
    "movePad": copies.move_pad,
    "getText": texts.get_text,
    "setText": texts.set_text,
    "appendText": texts.append_text,
    "getHTML": texts.get_html,
    "setHTML": texts.set_html,
    "restoreRevision": texts.restore_revision,
    "createDiffHTML": differences.create_diff_html,
    "getRevisionsCount": revisions.get_revisions_count,
    "getLastEdited": revisions.get_last_edited,
    "getRevisionChangeset": revisions.get_revision_changeset,
    "getAttributePool": revisions.get_attribute_pool,
    "listAuthorsOfPad": revisions.list_authors_of_pad,
    "getSavedRevisionsCount": revisions.get_saved_revisions_count,
    "listSavedRevisions": revisions.list_saved_revisions,
    "saveRevision": revisions.save,
    "getChatHistory": chat.get_chat_history,
    "getChatHead": chat.get_chat_head,
    "appendChatMessage": chat.append_chat_message,
    "sendClientsMessage": chat.send_clients_message,
    "createAuthor": people.create_author,
    "createAuthorIfNotExistsFor": people.create_author_if_not_exists_for,
    "getAuthorName": people.get_author_name,
    "listPadsOfAuthor": people.list_pads_of_author,
    "padUsers": people.pad_users,
    "padUsersCount": people.pad_users_count,
    "getStats": people.get_stats,
    "checkToken": _check_token,
    "compactPad": compaction.compact_pad,
    "anonymizeAuthor": erasing.anonymize_author,
}
