"""What type checkers are told: a program with types throughout, and lines in which something is wrong. mypy reads it, `cargo xtask test
--only python` starts mypy. A line that is marked and in order is an error as well.
"""

from comity import (
    Advice,
    Allow,
    Answer,
    Client,
    Code,
    ComityError,
    EventKind,
    Made,
    MessageChange,
    Opening,
    Outgoing,
    Reader,
    RoomChange,
    Step,
    Supported,
    Wish,
    WishedPart,
    baseline,
    part_text,
    select_by,
)


def answered(client: Client, now: int, reply: bytes | None) -> Step:
    answer: Answer = Answer.UNREACHABLE() if reply is None else Answer.BODY(octets=reply)
    return client.answer(now, "request", answer)


def shown(reader: Reader, now: int) -> list[str]:
    told: list[str] = []
    for event in reader.events(0, 100):
        match event.kind:
            case EventKind.MESSAGE(message=id, change=MessageChange.RECEIVED()):
                message = reader.message(now, id)
                told.append(id if message is None else message.sender)
            case EventKind.ROOM(room=room, change=RoomChange.INVITED(by=user)):
                told.append(f"{user} invites to {room}")
            case _:
                pass
    return told


def said(client: Client, now: int, words: str) -> str | None:
    step = client.send(now, "mimi://a.example/r/lunch", Outgoing(alternatives=[part_text(words)]), Allow())
    return step.made.id if isinstance(step.made, Made.MESSAGE) else None


def told(error: ComityError) -> tuple[int, str, Advice, list[str]]:
    return error.code.value, error.name, error.advice, error.users


def begun(path: str, key: bytes) -> None:
    opening = Opening.app(path, key)
    try:
        with Client.open(1, opening) as client:
            client.advertise(1, Supported(media=baseline(), languages=[]))
    except ComityError.Busy as error:
        print(told(error), error.code is Code.BUSY)


def wrong(client: Client, now: int, octets: bytes) -> None:
    client.answer(now, "request", octets)  # type: ignore[arg-type]
    client.answer(now, "request", Answer.BODY(octets="text"))  # type: ignore[arg-type]
    client.wake("now")  # type: ignore[arg-type]
    client.no_such_call()  # type: ignore[attr-defined]
    wish: Wish = Wish.RANK(rank="high")  # type: ignore[arg-type]
    select_by(octets, Supported(media=[], languages=[]), [WishedPart(index=1, wish=wish)])
    number: int = client.wake(now)  # type: ignore[assignment]
    print(number, Made.MESSAGE(id=b"octets"))  # type: ignore[arg-type]
