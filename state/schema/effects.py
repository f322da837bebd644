"""What is owed to the world: actions, the commands and installs they carry, and how their destinations do."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text, text

from state.moment import Moment
from state.schema.metadata import LONGEST_ID, metadata

OPEN_ACTIONS = text("state IN ('pending', 'running', 'retryable')")
"""Said in these words by queries too: SQLite uses a partial index only then."""

INFORMATION = text("request_type = 'DeviceInformation'")
"""The same of commands that ask a device for what it is; in a query, without a table's name: of the innermost."""

UNANSWERED_INSTALLS = text("state = 'command_sent'")
_PUSHED = text("next_push_at IS NOT NULL")
_CHECKED = text("next_check_at IS NOT NULL")

actions = Table(
    "actions",
    metadata,
    Column("id", String(32), primary_key=True),
    # Names the one effect that is owed: owing it again is nothing new.
    Column("key", String(LONGEST_ID), nullable=False),
    Column("kind", String(40), nullable=False),
    # `mdm:<sender>`, `jamf:<sender>`, `mail` or `chat`: what fails, waits and is paced together.
    Column("destination", String(120), nullable=False),
    # pending, running, retryable, done or dead.
    Column("state", String(20), nullable=False),
    # Counted when it is claimed; it also tells whose claim it is.
    Column("attempts", Integer, nullable=False),
    # Not before then; while it runs, when its claim ends.
    Column("next_attempt_at", Moment, nullable=False),
    # What the action's class is made from again. Secrets leave it when the action is over.
    Column("arguments", JSON, nullable=False),
    Column("device_id", String(2 * LONGEST_ID + 1)),
    # Why the last attempt failed, or what is worth knowing of a success.
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index("uq_actions_key", "key", unique=True),
    Index(
        "ix_actions_due",
        "destination",
        "next_attempt_at",
        "id",
        postgresql_where=OPEN_ACTIONS,
        sqlite_where=OPEN_ACTIONS,
    ),
    Index("ix_actions_state_id", "state", "id"),
    Index("ix_actions_device_id_id", "device_id", "id"),
)

commands = Table(
    "commands",
    metadata,
    # That of the action that sends it.
    Column("id", String(32), primary_key=True),
    # Ours, stored before it goes out; with the device it names the command. Those that say the same to many devices
    # may share one, from when they are sent together.
    Column("command_uuid", String(LONGEST_ID), nullable=False),
    # Enrolment id it is addressed to: the device's, or a user channel's.
    Column("device_id", String(2 * LONGEST_ID + 1), nullable=False),
    Column("sender", String(100), nullable=False),
    Column("request_type", String(100), nullable=False),
    # As people may see them, without secrets.
    Column("arguments", JSON, nullable=False),
    # The same for commands that say the same.
    Column("digest", String(64), nullable=False),
    # pending, sent, void or dead, or the device's word: Acknowledged, Error, CommandFormatError, NotNow.
    Column("state", String(20), nullable=False),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    # When it last went out, as far as it did: from then on it may have been sent, whatever we heard.
    Column("called_at", Moment),
    Column("sent_at", Moment),
    Column("answered_at", Moment),
    # The event that answered.
    Column("answer_id", String(32)),
    # Unanswered, the device is pushed again then; how often it was.
    Column("next_push_at", Moment),
    Column("pushes", Integer, nullable=False),
    Index("uq_commands_command_uuid_device_id", "command_uuid", "device_id", unique=True),
    Index("ix_commands_device_id_id", "device_id", "id"),
    # Who was asked since when, without reading all that was ever asked.
    Index("ix_commands_information", "id", "device_id", postgresql_where=INFORMATION, sqlite_where=INFORMATION),
    Index("ix_commands_next_push_at", "next_push_at", postgresql_where=_PUSHED, sqlite_where=_PUSHED),
)

installs = Table(
    "installs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("device_id", String(LONGEST_ID), nullable=False),
    Column("serial_number", String(LONGEST_ID), nullable=False),
    Column("adam_id", String(LONGEST_ID), nullable=False),
    # Which enrolment of the device: the time of its Authenticate, RFC 3339; empty when none was heard.
    Column("generation", String(32), nullable=False),
    # waiting, command_sent, acknowledged, installed, failed, stuck or released; and why, in words.
    Column("state", String(20), nullable=False),
    Column("reason", Text),
    # The command that is on its way or was the last, None when none is owed yet; commands owed so far.
    Column("command_id", String(32)),
    Column("tries", Integer, nullable=False),
    # As the device named the app when it acknowledged; where it did not, as another device did.
    Column("bundle_id", String(LONGEST_ID)),
    # The proof, step by step: which of Apple's events licensed it, which of ours answered, and when.
    Column("licensed_by", String(LONGEST_ID)),
    Column("sent_at", Moment),
    Column("acknowledged_at", Moment),
    Column("acknowledged_by", String(32)),
    Column("installed_at", Moment),
    Column("installed_by", String(32)),
    Column("installed_command_uuid", String(LONGEST_ID)),
    # When the device is asked for its apps next, and how often it was; before it has acknowledged, how often it said
    # that its licence is not there yet.
    Column("next_check_at", Moment),
    Column("checks", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("uq_installs_device_id_adam_id_generation", "device_id", "adam_id", "generation", unique=True),
    Index("ix_installs_command_id", "command_id"),
    Index("ix_installs_adam_id", "adam_id"),
    Index("ix_installs_serial_number", "serial_number"),
    Index("ix_installs_state_id", "state", "id"),
    Index("ix_installs_sent_at", "sent_at", postgresql_where=UNANSWERED_INSTALLS, sqlite_where=UNANSWERED_INSTALLS),
    Index("ix_installs_next_check_at", "next_check_at", postgresql_where=_CHECKED, sqlite_where=_CHECKED),
)

destinations = Table(
    "destinations",
    metadata,
    # As in actions.
    Column("name", String(120), primary_key=True),
    # In a row; a success makes it 0.
    Column("failures", Integer, nullable=False),
    # Nothing is tried before then: the breaker is open, or the far end asked for quiet.
    Column("paused_until", Moment),
    Column("error", Text),
    Column("failed_at", Moment),
)
