"""A result comes back equal in value and type, or it is not kept and the reason names the part."""

from __future__ import annotations

import collections
import enum
import hashlib
import json
import math
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowweaver.project import find_root
from flowweaver.stores import codec, codec_key
from flowweaver.stores.base import ResultUnavailable
from flowweaver.stores.codec import decode, encode, read_json, summary_of
from flowweaver.stores.codec_main import module_name

KEY = b"k" * 32


def kept(value: Any, **options: Any) -> Any:
    """Encode and decode a value that must be kept."""
    stored = encode(value, key=lambda: KEY, **options)
    assert stored.not_kept is None, stored.not_kept
    return decode(stored.encoding, stored.data, digest=stored.digest, key=lambda: KEY)


def reason(value: Any, **options: Any) -> str:
    """Return why a value is not kept."""
    stored = encode(value, key=lambda: KEY, **options)
    assert stored.encoding is None
    assert stored.data is None
    assert stored.not_kept is not None
    return stored.not_kept


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal in value and type, NaN and the sign of zero included, and keep their order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.isnan(one) == math.isnan(other) and (
            math.isnan(one) or (one, math.copysign(1, one)) == (other, math.copysign(1, other))
        )
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            same(a, b) and same(one[a], other[b]) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and sorted(map(fingerprint, one)) == sorted(map(fingerprint, other))
    if isinstance(one, datetime | time):
        return (
            one == other
            and one.fold == other.fold
            and type(one.tzinfo) is type(other.tzinfo)
            and one.tzname() == other.tzname()
        )
    if isinstance(one, Decimal):
        return str(one) == str(other)
    return one == other


def fingerprint(value: Any) -> str:
    if isinstance(value, frozenset):
        return f"frozenset{sorted(map(fingerprint, value))}"
    if isinstance(value, tuple):
        return f"tuple{list(map(fingerprint, value))}"
    return f"{type(value).__name__}{value!r}"


zones = st.sampled_from(
    [
        None,
        UTC,
        timezone(timedelta(hours=-3, minutes=-30)),
        timezone(timedelta(hours=2), "CEST"),
        ZoneInfo("Europe/Berlin"),
    ]
)
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 50).map(lambda power: -(3 ** (power * 100))),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.binary(),
    st.complex_numbers(),
    st.decimals(),
    st.uuids(),
    st.dates(),
    st.datetimes(timezones=zones),
    st.times(timezones=st.sampled_from([None, UTC])),
    st.timedeltas(),
)
keys = st.recursive(
    atoms.filter(lambda value: not (isinstance(value, Decimal) and value.is_snan())),
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)),
    max_leaves=4,
)
values = st.recursive(
    st.one_of(atoms, st.binary().map(bytearray)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.just("$"), keys), inner, max_size=4),
        st.sets(keys, max_size=4),
        st.frozensets(keys, max_size=4),
    ),
    max_leaves=20,
)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass
class Point:
    x: float
    tags: list[Any] = field(default_factory=list)


class Plain:
    """A class without an equality of its own."""

    def __init__(self, **state: Any) -> None:
        self.__dict__.update(state)


class Text(str):
    __slots__ = ()


class Lossy:
    """Two of these are equal if their secret is, which does not go into a pickle."""

    def __init__(self, secret: int) -> None:
        self.secret = secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lossy) and self.secret == other.secret

    def __hash__(self) -> int:
        return 0

    def __getstate__(self) -> dict[str, int]:
        return {"secret": 0}


class Impostor:
    def __reduce__(self) -> Any:
        return int, (42,)


class Stubborn(Exception):
    """Pickles well, and cannot be loaded."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")


class Hostile:
    """Raises whatever it is told to when it is pickled."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __reduce__(self) -> Any:
        raise self.error


class TestValues:
    @settings(max_examples=200, deadline=None)
    @given(values)
    def test_every_value_of_the_common_types_comes_back_the_same(self, value: Any) -> None:
        stored = encode(value, key=lambda: KEY)
        assert stored.encoding in ("json", "tagged", "text", "bytes")
        assert same(decode(stored.encoding, stored.data, digest=stored.digest), value)

    @settings(max_examples=60, deadline=None)
    @given(values)
    def test_pickle_keeps_the_same_values_on_request(self, value: Any) -> None:
        stored = encode(value, serializer="pickle", key=lambda: KEY)
        if stored.not_kept is None:
            assert same(decode(stored.encoding, stored.data, key=lambda: KEY), value)

    @settings(max_examples=60, deadline=None)
    @given(values)
    def test_the_json_forms_are_ascii_or_utf_8_json_text(self, value: Any) -> None:
        stored = encode(value, key=lambda: KEY)
        if stored.encoding in ("json", "tagged"):
            assert isinstance(stored.data, str)
            assert stored.size == len(stored.data.encode())
            assert "\n" not in stored.data

    @pytest.mark.parametrize(
        "value",
        [
            {"1": 1, 1: 2, 1.5: 3, None: 4, (1, (2,)): 5, frozenset({1}): 6},
            {"$": "tuple", "v": [1, 2]},
            [{"$": {"$": 1}}],
            "\ud83d\ude00",
            "x" * 100_000,
            "\ud800" * 100_000,
            b"\x00\xff" * 10,
            True,
            1,
            1.0,
            -0.0,
            10**500,
            [[], [[]], {}, (), set()],
            datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
            Colour.RED,
            Level.LOW,
            {Colour.RED: [Level.LOW]},
            Pair(1, (2, Pair([3], 4))),
            Point(math.inf, [Point(1.0)]),
            Text("abc"),
            {Text("a"): 1},
            collections.OrderedDict(b=1, a=2),
            collections.Counter("abca"),
            collections.deque([1, 2], maxlen=3),
            SimpleNamespace(a=1),
            Path("a/b"),
            range(3),
            len,
            Plain,
            os.path.join,
            [Plain(x=1).__dict__],
        ],
        ids=lambda value: f"{type(value).__name__}",
    )
    def test_it_comes_back_equal_and_of_the_same_type(self, value: Any) -> None:
        back = kept(value)
        assert type(back) is type(value)
        assert back == value
        assert repr(back) == repr(value)

    def test_a_nan_in_a_dataclass_is_kept_although_it_does_not_equal_itself(self) -> None:
        back = kept(Point(math.nan))
        assert type(back) is Point
        assert math.isnan(back.x)

    def test_an_object_without_equality_comes_back_with_its_state(self) -> None:
        back = kept([Plain(x=1, inner=Plain(y={2}))])[0]
        assert type(back) is Plain
        assert (back.x, back.inner.y) == (1, {2})

    def test_an_exception_comes_back_with_its_arguments_and_notes(self) -> None:
        error = ValueError("no", 3)
        error.add_note("note")
        back = kept(error)
        assert type(back) is ValueError
        assert back.args == ("no", 3)
        assert back.__notes__ == ["note"]

    def test_an_exception_that_somebody_looked_into_is_the_same_exception(self) -> None:
        error = ValueError("x")
        error.__dict__
        assert same(kept(Plain(error=error)).error.args, ("x",))

    def test_the_order_of_a_dict_is_kept(self) -> None:
        assert list(kept({"b": 1, "a": (2,)})) == ["b", "a"]
        assert list(kept({2: 0, 1: 0})) == [2, 1]

    def test_shared_parts_are_no_obstacle(self) -> None:
        row = [1, 2]
        assert encode([row, row, {"a": row}], key=lambda: KEY).encoding == "json"
        assert kept([row, row]) == [row, row]

    def test_a_tree_that_doubles_at_each_level_takes_no_time(self) -> None:
        tree: Any = []
        for _ in range(60):
            tree = [tree, tree]
        stored = encode(tree, key=lambda: KEY)
        assert stored.encoding == "pickle"
        back = decode("pickle", stored.data, key=lambda: KEY)
        for _ in range(60):
            assert back[0] is back[1]
            back = back[0]


class TestNotKept:
    def test_the_reason_names_the_part_and_its_type(self) -> None:
        assert reason({"rows": 1, "conn": sqlite3.connect(":memory:")}) == 'result["conn"]: sqlite3.Connection'
        assert reason([1, (2, {"a": threading.Lock()})]) == 'result[1][1]["a"]: _thread.lock'
        assert reason(Point(1, [object()])) == "result.tags[0]: object"
        assert reason(lambda: 1).startswith("result: function ")
        assert reason(n for n in ()) == "result: generator"
        assert reason({"k" * 100: open(os.devnull)}).startswith('result["kkkk')  # noqa: SIM115

    def test_a_class_that_cannot_be_found_again_is_not_resumable(self) -> None:
        class Local:
            def __init__(self) -> None:
                self.a = 1

        assert reason([Local()]) == f"result[0]: {__name__}.{Local.__qualname__}"

    def test_a_class_whose_name_now_means_another_is_not_resumable(self) -> None:
        old = type("Point", (), {"__module__": __name__})
        made = old()
        made.x = 1
        assert reason(made) == f"result: {__name__}.Point"

    def test_neither_state_nor_equality_is_not_resumable(self) -> None:
        assert reason(object()) == "result: object"
        assert reason({"sentinel": Plain()}) == f'result["sentinel"]: {__name__}.Plain'

    @pytest.mark.parametrize(
        "error", [TypeError("x"), RecursionError(), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError()]
    )
    def test_whatever_pickling_raises_fails_nobody(self, error: BaseException) -> None:
        assert reason({"a": [Hostile(error)]})

    def test_what_comes_back_different_is_not_kept(self) -> None:
        assert reason([Lossy(7)]) == "result[0].secret: int comes back different"
        assert reason(Impostor()) == f"result: {__name__}.Impostor comes back different"

    def test_what_cannot_be_loaded_again_is_not_kept(self) -> None:
        assert reason(Stubborn(1, "x")).startswith(f"result: {__name__}.Stubborn cannot be loaded again (TypeError:")

    def test_a_value_that_contains_itself_is_not_kept(self) -> None:
        me: Any = {"a": 1}
        me["list"] = [1, me]
        assert reason(me) == "result: contains itself"
        loop: Any = []
        loop.append((loop,))
        assert reason({"deep": loop}) == 'result["deep"]: contains itself'

    def test_deep_nesting_is_refused_and_not_a_crash(self) -> None:
        deep: Any = []
        for _ in range(100_000):
            deep = [deep]
        assert reason(deep).endswith("nested too deeply")
        chain: Any = None
        for _ in range(5_000):
            chain = Plain(next=chain)
        assert "nested too deeply" in reason(chain)
        while chain is not None:  # taken apart from the top, as its own end would recurse, too
            chain = chain.next

    def test_persist_false_keeps_nothing(self) -> None:
        assert reason(1, persist=False) == "persist=False"

    def test_json_only_never_pickles(self) -> None:
        assert kept((1, Decimal("2.50")), serializer="json") == (1, Decimal("2.50"))
        assert reason({"p": Point(1)}, serializer="json") == f'result["p"]: {__name__}.Point is not JSON'

    def test_a_value_that_changes_while_it_is_encoded_fails_nobody(self) -> None:
        class Growing(dict):  # type: ignore[type-arg]
            def __reduce__(self) -> Any:
                raise RuntimeError("dictionary changed size during iteration")

        assert reason(Growing())


class TestForeignBlobs:
    def bomb(self, path: Path) -> bytes:
        class Bomb:
            def __reduce__(self) -> Any:
                return os.mkdir, (str(path),)

        return pickle.dumps(Bomb())

    @pytest.mark.parametrize("prefix", [b"", b"x" * 32, hashlib.sha256(b"").digest()])
    def test_a_pickle_that_this_user_did_not_sign_is_never_opened(self, prefix: bytes, tmp_path: Path) -> None:
        with pytest.raises(ResultUnavailable, match="was not written by you"):
            decode("pickle", prefix + self.bomb(tmp_path / "bomb"), key=lambda: KEY)
        assert not (tmp_path / "bomb").exists()

    def test_a_pickle_signed_by_another_user_is_not_opened(self) -> None:
        stored = encode(range(3), key=lambda: b"other" * 8)
        with pytest.raises(ResultUnavailable, match="was not written by you"):
            decode("pickle", stored.data, key=lambda: KEY)

    def test_a_signed_pickle_that_was_changed_is_not_opened(self) -> None:
        data = bytearray(encode(range(3), key=lambda: KEY).data)
        data[-3] ^= 1
        with pytest.raises(ResultUnavailable, match="was not written by you"):
            decode("pickle", bytes(data), key=lambda: KEY)

    @pytest.mark.parametrize(
        ("encoding", "data"),
        [
            ("json", "{"),
            ("json", b"1"),
            ("json", None),
            ("json", "[" * 100_000),
            ("tagged", '{"$": "os.system", "v": "true"}'),
            ("tagged", '{"$": "datetime", "v": ["2020-01-01", 0, "../../etc/passwd"]}'),
            ("tagged", '{"$": "set", "v": [[1]]}'),
            ("tagged", '{"$": "timedelta", "v": [99999999999, 0, 0]}'),
            ("tagged", '{"$": ["set"], "v": []}'),
            ("tagged", '{"$": "set"}'),
            ("pickle", b""),
            ("pickle", "gASV"),
            ("text", b"\xff"),
            ("marshal", b""),
            ("os", "x"),
            (7, "x"),
        ],
    )
    def test_what_makes_no_sense_is_unavailable(self, encoding: Any, data: Any) -> None:
        with pytest.raises(ResultUnavailable):
            decode(encoding, data, key=lambda: KEY)

    def test_a_users_dict_is_never_taken_for_a_tag(self) -> None:
        looks = {"$": "tuple", "v": [1, 2]}
        assert kept(looks) == looks
        assert kept([looks, (1,)]) == [looks, (1,)]
        assert encode(looks).digest != encode((1, 2)).digest

    def test_a_result_that_something_else_changed_is_unavailable(self) -> None:
        stored = encode({"a": 1})
        with pytest.raises(ResultUnavailable, match="changed"):
            decode("json", '{"a":2}', digest=stored.digest)

    def test_json_without_a_form_or_digest_is_read_as_json(self) -> None:
        assert decode(None, '{"a": [1, null]}') == {"a": [1, None]}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_AROUND = st.sampled_from(["", " ", "\n", "\ufeff", "1", "]", "\x00"])


@given(st.builds(json.dumps, _JSON) | st.text(max_size=5), _AROUND, _AROUND)
def test_json_is_read_as_the_standard_library_reads_it(text: str, before: str, after: str) -> None:
    text = f"{before}{text}{after}"
    try:
        expected = json.loads(text)
    except json.JSONDecodeError:
        with pytest.raises(json.JSONDecodeError):
            read_json(text)
    else:
        assert repr(read_json(text)) == repr(expected)


class TestDigests:
    def test_equal_sets_have_equal_digests_however_they_were_filled(self) -> None:
        one, other = set(), set()
        for number in range(100):
            one.add(f"n{number}")
            other.add(f"n{99 - number}")
        assert encode(one).digest == encode(other).digest

    def test_different_values_of_one_text_have_different_digests(self) -> None:
        digests = [encode(value, key=lambda: KEY).digest for value in (1, 1.0, True, "1", (1,), [1], {1}, b"1", None)]
        assert len(set(digests)) == len(digests)

    @pytest.mark.parametrize(
        ("value", "digest"),
        [
            (5, "791d7a993546b8070b599332611f953a"),
            ("x" * 20_000, "4e14092a69235a1a9c9345867ac8ab38"),
            (b"raw", "5e194326e8438ab1bd65ebb4af87c9d6"),
            ((1, 2), "af76798dfe70b013f8d556dce2f20cad"),
        ],
    )
    def test_the_digest_of_a_value_stays_what_it_was_when_states_were_written(self, value: Any, digest: str) -> None:
        assert encode(value).digest == digest

    def test_a_value_has_the_same_digest_in_every_process(self) -> None:
        code = "from flowweaver.stores.codec import encode; print(encode([{'b', 'a'}, {'x': (1, 2.5)}]).digest)"
        there = {
            subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "PYTHONHASHSEED": seed},
            ).stdout.strip()
            for seed in ("1", "2")
        }
        assert there == {encode([{"b", "a"}, {"x": (1, 2.5)}]).digest}


class TestSummary:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ([0] * 26_483, "list, 26,483 items"),
            ({"a": 1}, "dict, 1 item"),
            ("x" * 1_204, "str, 1,204 characters"),
            ("abc", 'str "abc"'),
            ("\x1b[31m", 'str "\\u001b[31m"'),
            (42, "int 42"),
            (10**100, "int, 333 bits"),
            (None, "None"),
            (True, "bool True"),
            (0.5, "float 0.5"),
            ((), "tuple, 0 items"),
            (Point(1), "Point"),
        ],
    )
    def test_it_says_what_a_value_is(self, value: Any, text: str) -> None:
        assert summary_of(value) == text

    def test_it_runs_no_code_of_the_values_own(self) -> None:
        class Trap(type):
            def __getattribute__(cls, name: str) -> Any:
                raise AssertionError(name)

        class Loud(list, metaclass=Trap):  # type: ignore[type-arg]
            def __len__(self) -> int:
                raise AssertionError

            def __repr__(self) -> str:
                raise AssertionError

        assert summary_of(list.__new__(Loud)) == "Loud"


class TestKey:
    def test_it_is_made_once_private_and_whole(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "keys" / "key"
        monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(path))
        made: list[bytes] = []
        threads = [threading.Thread(target=lambda: made.append(codec_key.user_key())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(made) == {path.read_bytes()}
        assert len(path.read_bytes()) >= 32
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.listdir(path.parent) == ["key"]

    def test_without_a_key_what_needs_one_is_not_kept_and_the_rest_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path))  # a folder
        stored = encode(range(3))
        assert stored.not_kept is not None
        assert stored.not_kept.startswith("no key to sign it with")
        assert encode((1, 2)).encoding == "tagged"

    def test_reading_makes_no_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "key"))
        with pytest.raises(ResultUnavailable, match="was not written by you"):
            decode("pickle", b"x" * 40)
        assert not (tmp_path / "key").exists()

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
    def test_a_pipe_in_its_place_is_not_waited_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(tmp_path / "pipe")
        monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "pipe"))
        with pytest.raises(codec_key.KeyUnavailable, match="not a file"):
            codec_key.existing_key()

    def test_a_short_key_is_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "key").write_bytes(b"short")
        monkeypatch.setenv("FLOWWEAVER_KEY_FILE", str(tmp_path / "key"))
        assert "at least 32 bytes" in str(encode(range(3)).not_kept)

    def test_the_key_of_the_data_folder_must_be_private(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("FLOWWEAVER_KEY_FILE", raising=False)
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        monkeypatch.setattr("platformdirs.user_data_dir", lambda *_a, **_k: str(tmp_path / "flowweaver"))
        codec_key.user_key()
        key = tmp_path / "flowweaver" / "key"
        key.chmod(0o644)
        codec_key._keys.clear()
        assert "others can read it" in str(encode(range(3)).not_kept)


SCRIPT = """
import sys
from dataclasses import dataclass
from enum import Enum
from flowweaver.stores.codec import decode, encode

@dataclass
class Point:
    x: int

class Colour(Enum):
    RED = 1

def helper():
    return 1

if __name__ == "__main__":
    how, path = sys.argv[1:]
    if how == "write":
        stored = encode([Point(1), Colour.RED, helper, Point])
        assert stored.not_kept is None, stored.not_kept
        open(path, "wb").write(stored.data)
    else:
        assert decode("pickle", open(path, "rb").read()) == [Point(1), Colour.RED, helper, Point]
"""


class TestMain:
    def run(self, *args: str, cwd: Path, **env: str) -> None:
        root = str(Path(codec.__file__).parents[2])
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([root, str(cwd)]),
            "FLOWWEAVER_KEY_FILE": str(cwd / "key"),
            **env,
        }
        done = subprocess.run(
            [sys.executable, *args], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_a_class_of_main_is_found_by_whoever_imports_the_same_file_and_back(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").touch()
        (tmp_path / "flows").mkdir()
        (tmp_path / "flows" / "etl.py").write_text(SCRIPT)
        as_main, as_module = str(tmp_path / "main.bin"), str(tmp_path / "module.bin")
        self.run("flows/etl.py", "write", as_main, cwd=tmp_path)
        self.run("flows/etl.py", "read", as_main, cwd=tmp_path)
        imported = "import sys, flows.etl as m; from flowweaver.stores.codec import *; "
        value = "[m.Point(1), m.Colour.RED, m.helper, m.Point]"
        self.run(
            "-c",
            f"{imported} assert decode('pickle', open(sys.argv[1], 'rb').read()) == {value}",
            as_main,
            cwd=tmp_path,
        )
        self.run("-c", f"{imported} open(sys.argv[1], 'wb').write(encode({value}).data)", as_module, cwd=tmp_path)
        self.run("flows/etl.py", "read", as_module, cwd=tmp_path)

    def test_the_root_is_the_nearest_project_below_the_home_folder(self, tmp_path: Path) -> None:
        file = tmp_path / "home" / "work" / "a" / "b.py"
        file.parent.mkdir(parents=True)
        (tmp_path / "home" / ".git").mkdir()
        assert find_root(file, home=tmp_path / "home") == file.parent
        (tmp_path / "home" / "work" / "pyproject.toml").touch()
        assert find_root(file, home=tmp_path / "home") == tmp_path / "home" / "work"
        assert module_name(file, tmp_path / "home" / "work") == "a.b"
        assert module_name(tmp_path / "random.py", tmp_path) == "random_workflow"
