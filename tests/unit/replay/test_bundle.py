"""A run travels as one file, and arrives as the same run or not at all."""

import hashlib
import io
import json
import stat
import zipfile

import pytest

from nbtrack.entities import State
from nbtrack.errors import FormatError, JournalError, SecretError, UsageError
from nbtrack.journal import Home, blobs, events_of, fold, points_of
from nbtrack.replay import unpack as taking_in
from nbtrack.replay.bundle import pack
from nbtrack.replay.unpack import unpack

STORE = "sqlite:///there.db"


@pytest.fixture
def there(tmp_path):
    """Another state directory."""
    return Home(tmp_path / "there")


@pytest.fixture
def bundle(home, finished, tmp_path):
    view = finished()
    return view, pack(home, view, tmp_path / "out.zip")


def changed(path, change):
    """The zip with its members handed through `change(name, bytes)`, which may return None to leave one out."""
    with zipfile.ZipFile(path) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members:
            if (kept := change(name, data)) is not None:
                new.writestr(name, kept)


def listing(path, change):
    """Change the list of a bundle, which a forger can."""

    def act(name, data):
        if name != "nbtrack-bundle.json":
            return data
        manifest = json.loads(data)
        change(manifest)
        return json.dumps(manifest).encode()

    changed(path, act)


def forged(path, name, data):
    """Replace a member and its entry in the list."""
    listing(path, lambda manifest: manifest["files"].update({name: {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}}))
    changed(path, lambda it, old: None if it == name else old)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr(name, data)


def test_the_run_arrives_with_its_id_params_points_files_and_end(home, bundle, there):
    view, made = bundle
    arrived = unpack(there, made.path, STORE)
    assert arrived.is_new
    for name in ("run_id", "name", "params", "metrics", "tags", "notes", "state", "ended_ns", "reason"):
        assert getattr(arrived.view, name) == getattr(view, name), name
    assert (arrived.view.start.store, arrived.view.start.attempt, arrived.view.start.started_ns) == (STORE, 2, view.start.started_ns)
    assert sorted(points_of(there, view.run_id)) == sorted(points_of(home, view.run_id))
    content = {it.path: blobs.get_bytes(there, it.blob) for it in arrived.view.artifacts}
    assert content == {it.path: blobs.get_bytes(home, it.blob) for it in view.artifacts}
    assert [event.data for event in events_of(there, view.run_id) if event.kind == "exact"] == [{"name": "huge", "step": 0, "value": str(2**70 + 1)}]


def test_importing_twice_changes_nothing(bundle, there):
    _, made = bundle
    unpack(there, made.path, STORE)
    before = {path: path.read_bytes() for path in there.root.rglob("*") if path.is_file()}
    assert not unpack(there, made.path, STORE).is_new
    assert {path: path.read_bytes() for path in there.root.rglob("*") if path.is_file()} == before


def test_an_imported_run_goes_to_mlflow_under_its_id(bundle, tmp_path, settings, store, runs_of, mlflow_of):
    from nbtrack.delivery.sync import sync

    view, made = bundle
    there = Home(tmp_path / "there")
    unpack(there, made.path, store)
    assert sync(there, settings).delivered == [view.run_id]
    [run] = runs_of(store, view.run_id)
    assert (run.info.status, run.data.metrics["acc"], run.data.params["lr"]) == ("FINISHED", 0.9375, "0.1")


def test_the_same_run_makes_the_same_bytes(home, bundle, tmp_path):
    view, made = bundle
    assert pack(home, view, tmp_path / "again.zip").path.read_bytes() == made.path.read_bytes()


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(home, finished, tmp_path):
    target = tmp_path / "out" / "run.zip"
    with pytest.raises(UsageError, match="still goes on"):
        pack(home, finished(ends=False), target)
    pack(home, finished(), target)
    before = target.read_bytes()
    with pytest.raises(UsageError, match=r"exists\. Give another name"):
        pack(home, finished(), target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["run.zip"]


def test_the_data_travels_on_request_as_far_as_it_is_what_it_was(home, finished, folder, tmp_path, there):
    view = finished()
    made = pack(home, view, tmp_path / "with.zip", with_data=True)
    arrived = unpack(there, made.path, STORE).view
    [data] = [it for it in arrived.artifacts if it.path.startswith("data/")]
    assert data.path.endswith("/numbers.csv")
    assert blobs.get_bytes(there, data.blob) == (folder / "numbers.csv").read_bytes()
    (folder / "numbers.csv").write_text("other")
    without = pack(home, view, tmp_path / "without.zip", with_data=True)
    assert "it changed since the run" in without.left_out[0]
    assert not any(name.startswith("artifacts/data/") for name in zipfile.ZipFile(without.path).namelist())


TOKEN = "ghp_" + "Zq8vW3nL5tYx1cR7mK2pB9sD4hF6gJ0aTeUo"


def test_secrets_are_struck_out_of_everything_and_listed(home, finished, tmp_path):
    def fill(run):
        run.param("api_key", TOKEN)
        run.artifact_bytes("log.txt", f"token = '{TOKEN}'".encode())

    made = pack(home, finished(note=f"uses {TOKEN}", fill=fill), tmp_path / "out.zip")
    with zipfile.ZipFile(made.path) as packed:
        assert all(TOKEN.encode() not in packed.read(name) for name in packed.namelist())
        assert json.loads(packed.read("params.json"))["api_key"] == "***"
    assert any(place == "param api_key" for _, place in made.masked)
    assert TOKEN not in repr(made)


def test_a_strict_run_with_secrets_is_not_bundled(home, finished, tmp_path):
    view = finished(tags={"nbtrack.secrets": "strict"}, fill=lambda run: run.param("api_key", TOKEN))
    with pytest.raises(SecretError, match="is not bundled"):
        pack(home, view, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_the_crate_holds_what_the_specification_requires(home, finished, tmp_path):
    for state, status in ((State.FINISHED, "Completed"), (State.FAILED, "Failed")):
        with zipfile.ZipFile(pack(home, finished(state=state), tmp_path / f"{state}.zip").path) as packed:
            names, crate = packed.namelist(), json.loads(packed.read("ro-crate-metadata.json"))
        assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
        by_id = {it["@id"]: it for it in crate["@graph"]}
        assert len(by_id) == len(crate["@graph"])
        about = by_id["ro-crate-metadata.json"]
        assert about["@type"] == "CreativeWork" and about["about"] == {"@id": "./"} and about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
        root = by_id["./"]
        assert root["@type"] == "Dataset" and all(root[name] for name in ("name", "description", "datePublished", "license"))
        files = {it["@id"] for it in crate["@graph"] if "File" in it["@type"]}
        assert {it["@id"] for it in root["hasPart"]} == files
        from urllib.parse import unquote

        assert {unquote(it) for it in files} | {"ro-crate-metadata.json"} == set(names)
        assert "artifacts/figures/fig%20%C3%A4.png" in files
        [action] = [it for it in crate["@graph"] if it["@type"] == "CreateAction"]
        assert action["actionStatus"]["@id"] == f"http://schema.org/{status}ActionStatus"
        assert root["mentions"] == [{"@id": action["@id"]}]
        assert action["instrument"] == {"@id": "artifacts/notebook/recipe.ipynb"}

        def references(value):
            if isinstance(value, list):
                return [it for item in value for it in references(item)]
            return [value["@id"]] if isinstance(value, dict) and set(value) == {"@id"} else []

        for it in crate["@graph"]:
            for value in it.values():
                assert [name for name in references(value) if name not in by_id and "://" not in name] == []


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "C:/evil", "a\\..\\evil"])
def test_a_name_that_leads_out_of_the_folder_is_refused(bundle, there, name):
    _, made = bundle
    with zipfile.ZipFile(made.path, "a") as packed:
        info = zipfile.ZipInfo("x")
        info.filename = name
        packed.writestr(info, b"evil")
    with pytest.raises(UsageError, match="leads out of the folder"):
        unpack(there, made.path, STORE)
    assert list(there.run_ids()) == []


@pytest.mark.parametrize("path", ["../../evil", "/evil"])
def test_an_artifact_or_model_that_leads_out_of_the_folder_is_refused(bundle, there, path):
    _, made = bundle
    for line in ({"kind": "artifact", "data": {"path": path, "size_bytes": 1}}, {"kind": "model", "data": {"name": path, "files": {"MLmodel": 1}}}):
        forged(made.path, "events.jsonl", json.dumps({"timestamp_ns": 1, **line}).encode() + b"\n")
        with pytest.raises(UsageError, match="leads out of the folder"):
            unpack(there, made.path, STORE)
    assert list(there.run_ids()) == []


def test_a_link_is_refused(bundle, there):
    _, made = bundle
    info = zipfile.ZipInfo("artifacts/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(made.path, "a") as packed:
        packed.writestr(info, b"/etc/passwd")
    with pytest.raises(UsageError, match="is a link"):
        unpack(there, made.path, STORE)


def test_a_bomb_is_refused_before_it_is_unpacked(bundle, there, monkeypatch):
    _, made = bundle
    with zipfile.ZipFile(made.path, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("artifacts/zeros", bytes(17 << 20))
    with pytest.raises(UsageError, match="as no honest file is"):
        unpack(there, made.path, STORE)
    monkeypatch.setattr(taking_in, "MOST_BYTES", 1000)
    with pytest.raises(UsageError, match="Unpacked it has more than"):
        unpack(there, made.path, STORE)
    monkeypatch.setattr(taking_in, "MOST_FILES", 3)
    with pytest.raises(UsageError, match="3 are the most"):
        unpack(there, made.path, STORE)


def test_a_changed_missing_unlisted_or_doubled_file_is_refused(home, finished, there, tmp_path):
    def made(number):
        return pack(home, view, tmp_path / f"{number}.zip").path

    view = finished()
    changed(path := made(1), lambda name, data: data + b" " if name.endswith("requirements.txt") else data)
    with pytest.raises(UsageError, match="it was changed"):
        unpack(there, path, STORE)
    changed(path := made(2), lambda name, data: None if name == "curves.csv" else data)
    with pytest.raises(UsageError, match=r"It lacks 'curves\.csv'"):
        unpack(there, path, STORE)
    with zipfile.ZipFile(path := made(3), "a") as packed:
        packed.writestr("artifacts/more.txt", b"more")
    with pytest.raises(UsageError, match="which its list does not name"):
        unpack(there, path, STORE)
    with zipfile.ZipFile(path := made(4), "a") as packed:
        packed.writestr("CURVES.csv", b"more")
    with pytest.raises(UsageError, match="twice"):
        unpack(there, path, STORE)
    assert list(there.run_ids()) == []
    assert not list(there.root.glob("importing-*"))


def test_a_newer_format_and_what_is_no_bundle_are_told_apart(bundle, there, tmp_path):
    _, made = bundle
    listing(made.path, lambda manifest: manifest.update(format=2))
    with pytest.raises(FormatError, match=r"format 2; this release reads up to 1\. Install a newer"):
        unpack(there, made.path, STORE)
    (tmp_path / "text.zip").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as packed:
        packed.writestr("readme.txt", "other")
    for name, told in (
        ("text.zip", "cannot be read as a bundle"),
        ("missing.zip", "cannot be taken in: .*No such file"),
        ("other.zip", "has no nbtrack-bundle.json"),
    ):
        with pytest.raises(UsageError, match=told):
            unpack(there, tmp_path / name, STORE)


@pytest.mark.parametrize("start", [{"run_id": "../../../etc"}, {"run_id": "A" * 32}, {"started_ns": "soon"}, {"parent": "x"}, {"tags": []}])
def test_a_forged_identity_is_refused(bundle, there, start):
    _, made = bundle
    listing(made.path, lambda manifest: manifest["start"].update(start))
    with pytest.raises(UsageError, match="cannot be read"):
        unpack(there, made.path, STORE)


@pytest.mark.parametrize(
    "line",
    [b"no json\n", b"[]\n", b'{"kind": "start", "timestamp_ns": 1, "data": {}}\n', b'{"kind": "artifact", "timestamp_ns": 1, "data": {"path": "not/here"}}\n'],
)
def test_damaged_events_are_refused_whole(bundle, there, line):
    _, made = bundle
    forged(made.path, "events.jsonl", line)
    with pytest.raises(UsageError, match=r"events.jsonl cannot be read"):
        unpack(there, made.path, STORE)
    assert list(there.run_ids()) == []


def test_a_bundle_is_a_zip_that_others_can_open(bundle):
    _, made = bundle
    with zipfile.ZipFile(io.BytesIO(made.path.read_bytes())) as packed:
        assert packed.testzip() is None
        assert packed.read("curves.csv").decode().splitlines()[0] == "name,step,timestamp_ns,value"
        assert packed.namelist()[:2] == ["nbtrack-bundle.json", "ro-crate-metadata.json"]
    assert made.files == len(packed.namelist())


def test_the_parent_is_kept_though_it_is_not_here(home, begin, finish, there, tmp_path):
    above = begin()
    below = begin(parent=above.run_id)
    finish(below)
    made = pack(home, fold(home, below.run_id), tmp_path / "child.zip")
    assert unpack(there, made.path, STORE).view.start.parent == above.run_id


def test_bytes_that_are_gone_are_named_and_no_half_bundle_is_left(home, finished, tmp_path):
    view = finished()
    blob = next(it.blob for it in view.artifacts if it.path == "figures/fig ä.png")
    (home.root / "blobs" / blob[:2] / f"{blob}.zst").unlink()
    with pytest.raises(JournalError, match=r"The bytes of figures/fig ä\.png are not in the journal any more"):
        pack(home, view, tmp_path / "out" / "run.zip")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_run_of_a_kernel_that_died_is_ended_and_bundled(home, finished, owner, there, tmp_path):
    view = finished(ends=False)
    owner.close()
    made = pack(home, view, tmp_path / "run.zip")
    assert unpack(there, made.path, STORE).view.state is State.KILLED


@pytest.mark.parametrize("at", [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_a_damaged_or_cut_zip_is_refused_whole(bundle, there, at):
    _, made = bundle
    data = bytearray(made.path.read_bytes())
    place = int(len(data) * at)
    for damaged in (bytes(data[:place]) + bytes(40) + bytes(data[place + 40 :]), bytes(data[:place])):
        made.path.write_bytes(damaged)
        with pytest.raises(UsageError):
            unpack(there, made.path, STORE)
        assert list(there.run_ids()) == []
