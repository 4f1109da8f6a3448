"""Comity: one embeddable end-to-end encrypted messaging client, for every messenger.

Bytes in, facts out. A `Client` lives in one file. It never opens a socket, asks the clock, starts a thread or calls back: the app hands
it `now` (milliseconds since 1970), commands and inbound bytes; it returns a `Step`: requests to deliver, events to show, and when to
wake it. One call is one transaction, and nothing leaves before it is on disk.

Names and ids are `str`, octets are `bytes`. What a call cannot do it raises as a `ComityError`; its cases say who must act.
"""

from __future__ import annotations

import dataclasses
import typing

from ._ffi import comity as _comity
from ._ffi.comity import (
    Action as Action,
    Advice as Advice,
    Agreement as Agreement,
    Algorithm as Algorithm,
    Allow as Allow,
    Alternative as Alternative,
    Answer as Answer,
    Batch as Batch,
    Body as Body,
    Budget as Budget,
    Change as Change,
    ChainEnd as ChainEnd,
    Chosen as Chosen,
    Class as Class,
    ClientChange as ClientChange,
    ClientOutcome as ClientOutcome,
    ClientProtocol as ClientProtocol,
    Code as Code,
    ComityError as ComityError,
    Content as Content,
    ContentKey as ContentKey,
    ContentKeyProtocol as ContentKeyProtocol,
    Cursor as Cursor,
    Delivery as Delivery,
    Denied as Denied,
    Description as Description,
    Disposition as Disposition,
    Entry as Entry,
    Event as Event,
    EventKind as EventKind,
    Expiration as Expiration,
    Extension as Extension,
    ExtensionKey as ExtensionKey,
    ExternalPart as ExternalPart,
    Fault as Fault,
    Frame as Frame,
    FrameKind as FrameKind,
    FrameOutcome as FrameOutcome,
    Health as Health,
    HeldUntil as HeldUntil,
    Identity as Identity,
    InternalError as InternalError,
    Interrupter as Interrupter,
    InterrupterProtocol as InterrupterProtocol,
    Invited as Invited,
    InvitedClient as InvitedClient,
    Link as Link,
    LinkKind as LinkKind,
    Made as Made,
    Member as Member,
    Mention as Mention,
    Message as Message,
    MessageChange as MessageChange,
    Metadata as Metadata,
    NewRoom as NewRoom,
    Opened as Opened,
    Opener as Opener,
    OpenerProtocol as OpenerProtocol,
    Opening as Opening,
    OpeningProtocol as OpeningProtocol,
    Origin as Origin,
    Outgoing as Outgoing,
    Page as Page,
    Part as Part,
    PartSemantics as PartSemantics,
    Participant as Participant,
    PassedOver as PassedOver,
    PassedOverBecause as PassedOverBecause,
    Phase as Phase,
    Plan as Plan,
    Position as Position,
    Posture as Posture,
    Preview as Preview,
    Reach as Reach,
    Reacted as Reacted,
    Reaction as Reaction,
    Readable as Readable,
    Reader as Reader,
    ReaderProtocol as ReaderProtocol,
    Reason as Reason,
    Receipts as Receipts,
    ReceiptsProtocol as ReceiptsProtocol,
    Reference as Reference,
    Refused as Refused,
    RefusedBecause as RefusedBecause,
    Reply as Reply,
    ReplyChain as ReplyChain,
    ReportPolicy as ReportPolicy,
    Request as Request,
    RequestKind as RequestKind,
    Resolution as Resolution,
    Response as Response,
    Room as Room,
    RoomChange as RoomChange,
    RoomSummary as RoomSummary,
    Sealed as Sealed,
    SealedEnd as SealedEnd,
    Sealer as Sealer,
    SealerProtocol as SealerProtocol,
    Selection as Selection,
    SinglePart as SinglePart,
    Standing as Standing,
    Status as Status,
    StatusEntry as StatusEntry,
    Step as Step,
    Stored as Stored,
    Supported as Supported,
    Task as Task,
    TaskChange as TaskChange,
    TaskState as TaskState,
    Timeline as Timeline,
    User as User,
    UserChange as UserChange,
    UserClient as UserClient,
    Verified as Verified,
    Verifier as Verifier,
    VerifierProtocol as VerifierProtocol,
    Version as Version,
    Wish as Wish,
    WishedPart as WishedPart,
    Witnesses as Witnesses,
    alternatives as alternatives,
    baseline as baseline,
    budget_of_app as budget_of_app,
    budget_of_extension as budget_of_extension,
    classify as classify,
    decode_content as decode_content,
    encode_report as encode_report,
    fetch_limit as fetch_limit,
    fold as fold,
    html_to_markdown as html_to_markdown,
    is_available as is_available,
    is_reported as is_reported,
    linked_part as linked_part,
    linked_parts as linked_parts,
    markdown_escape as markdown_escape,
    markdown_link as markdown_link,
    markdown_links as markdown_links,
    markdown_mentions as markdown_mentions,
    markdown_to_html as markdown_to_html,
    markdown_to_plain_text as markdown_to_plain_text,
    markdown_without_html as markdown_without_html,
    open as open,
    outgoing_deletion as outgoing_deletion,
    outgoing_markdown as outgoing_markdown,
    outgoing_reaction as outgoing_reaction,
    outgoing_text as outgoing_text,
    part_attachment as part_attachment,
    part_html as part_html,
    part_in_language as part_in_language,
    part_link as part_link,
    part_markdown as part_markdown,
    part_multi as part_multi,
    part_text as part_text,
    readable as readable,
    reply_chain as reply_chain,
    reported_by as reported_by,
    reports as reports,
    role_of_admin as role_of_admin,
    role_of_member as role_of_member,
    safe_file_name as safe_file_name,
    seal as seal,
    select as select,
    select_by as select_by,
    version as version,
    wipe as wipe,
)

__version__ = _comity.version()

if not typing.TYPE_CHECKING:  # _ffi/comity.pyi says it to type checkers.

    def _of_fault(name: str, doc: str) -> property:
        return property(lambda error: getattr(error.fault, name), doc=doc)

    # What each case carries, without a step in between.
    ComityError.code = _of_fault("code", "Which fault: a `Code`, whose `value` is the same number in every language.")
    ComityError.name = _of_fault("name", "The code in words, the same in every language, such as `not_allowed`.")
    ComityError.detail = _of_fault("detail", "A code that says more, such as the rule that does not allow it; or None.")
    ComityError.advice = _of_fault("advice", "What helps: an `Advice`.")
    ComityError.users = _of_fault("users", "For `CANNOT_READ` and `TRUST_BROKEN`: the users concerned.")
    ComityError.rooms = _of_fault("rooms", "For `ROOMS_REQUIRE`: the rooms concerned.")
    ComityError.__str__ = lambda error: repr(error.fault)


class Client(_comity.Client):
    __doc__ = _comity.Client.__doc__

    def close(self) -> None:
        """Closes the file. To close a client again does nothing."""
        try:
            self.close_file()
        except ComityError.Misuse as error:
            if error.detail != "client_is_closed":
                raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


__all__ = list(_comity.__all__)


def _shows(cls: type) -> None:
    """Lets the interpreter show what `print` prints, which is nothing of what people say. What the library prints itself stays."""
    if dataclasses.is_dataclass(cls) and hasattr(cls.__repr__, "__wrapped__"):
        # mypy takes a method of a class for fixed; this one is exchanged on purpose.
        cls.__repr__ = cls.__str__  # type: ignore[method-assign]


def _is_no_value(self: object, _: object = None) -> typing.NoReturn:
    raise TypeError(f"a {type(self).__name__} is no value: it is neither copied nor pickled")


def _is_one(cls: typing.Any) -> None:
    """Keeps what stands for an object of the library's from being copied: each copy would free the object."""
    if hasattr(cls, "_uniffi_clone_handle"):
        cls.__reduce_ex__ = _is_no_value
    if cls is ContentKey:  # It stands in messages, which are values, and never changes.
        for name in ("__copy__", "__deepcopy__"):
            setattr(cls, name, lambda key, _=None: key)


for _name in __all__:
    _class = getattr(_comity, _name)
    if isinstance(_class, type):
        _shows(_class)
        _is_one(_class)
        for _variant in vars(_class).values():
            if isinstance(_variant, type):
                _shows(_variant)
