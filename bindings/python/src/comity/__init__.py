"""Comity: one embeddable end-to-end encrypted messaging client, for every messenger.

Bytes in, facts out. A `Client` lives in one file. It never opens a socket, asks the clock, starts a thread or calls back: the app hands
it `now` (milliseconds since 1970), commands and inbound bytes; it returns a `Step`: requests to deliver, events to show, and when to
wake it. One call is one transaction, and nothing leaves before it is on disk.

Names and ids are `str`, octets are `bytes`. What a call cannot do it raises as a `ComityError`; its cases say who must act.
"""

from __future__ import annotations

import dataclasses

from ._ffi import comity as _comity
from ._ffi.comity import *  # noqa: F403
from ._ffi.comity import ComityError
from ._ffi.comity import __all__ as __all__

__version__ = _comity.version()


class Client(_comity.Client):
    __doc__ = _comity.Client.__doc__

    def close(self) -> None:
        """Closes the file. To close a client again does nothing."""
        try:
            self.close_file()
        except ComityError.Misuse as error:  # type: ignore[attr-defined]
            if error.detail != "client_is_closed":
                raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _of_fault(name: str, doc: str) -> property:
    return property(lambda error: getattr(error.fault, name), doc=doc)


# What each case carries, without a step in between.
ComityError.code = _of_fault("code", "Which fault: a `Code`, whose `value` is the same number in every language.")
ComityError.name = _of_fault("name", "The code in words, the same in every language, such as `not_allowed`.")
ComityError.detail = _of_fault("detail", "A code that says more, such as the rule that does not allow it; or None.")
ComityError.advice = _of_fault("advice", "What helps: an `Advice`.")
ComityError.users = _of_fault("users", "For `CANNOT_READ` and `TRUST_BROKEN`: the users concerned.")
ComityError.rooms = _of_fault("rooms", "For `ROOMS_REQUIRE`: the rooms concerned.")
ComityError.__str__ = lambda error: repr(error.fault)  # type: ignore[method-assign]


def _shows(cls: type) -> None:
    """Lets the interpreter show what `print` prints, which is nothing of what people say. What the library prints itself stays."""
    if dataclasses.is_dataclass(cls) and hasattr(cls.__repr__, "__wrapped__"):
        cls.__repr__ = cls.__str__  # type: ignore[method-assign]


for _name in __all__:
    _class = getattr(_comity, _name)
    if isinstance(_class, type):
        _shows(_class)
        for _variant in vars(_class).values():
            if isinstance(_variant, type):
                _shows(_variant)

del dataclasses
