"""This package serves COLLABROOM messages, with one module for each subject; `handlers`, below,
says which module serves which message. (Edits, USER_CHANGES, are not among them: they are in
`requests.commits`.)

Each handler is given a `RequestContext`: a message of a session that is on its pad and may write.
It raises `ClientError` for a message that cannot be served; the text is Etherpad's wherever
Etherpad has one.
"""

from padfleet.services.fanout.collab import chat, deletion, options, people, pointing, relay, saved
from padfleet.services.fanout.requests.handlers import Handlers, MessageHandler


def handlers(plugin_messages: str) -> Handlers:
    """Returns the handlers of all messages that are served; `plugin_messages` is the setting that
    says which types of plugins' messages are passed on."""
    to_others = MessageHandler(relay.pass_on, "plugins")
    return Handlers(
        kinds={
            "USERINFO_UPDATE": MessageHandler(
                people.change_name_or_color, "names", too_many="changes of name or colour"
            ),
            "CHAT_MESSAGE": MessageHandler(chat.post, "chats"),
            "GET_CHAT_MESSAGES": MessageHandler(
                chat.read_back, "chat_reads", too_many="questions", is_question=True
            ),
            "SAVE_REVISION": MessageHandler(saved.save_newest, "saves", too_many="saved revisions"),
            "PAD_DELETE": MessageHandler(deletion.delete_pad, None, in_turn=False),
            relay.CUSTOM: to_others,
            pointing.CURSOR: MessageHandler(
                pointing.move_cursor, "cursors", too_many="places of the cursor"
            ),
        },
        payloads={
            "suggestUserName": MessageHandler(
                people.suggest_name, "names", too_many="suggestions of a name"
            ),
            "padoptions": MessageHandler(
                options.change, "settings", too_many="changes of the pad's settings"
            ),
        },
        others=lambda kind: to_others if relay.is_passed_on(kind, plugin_messages) else None,
    )
