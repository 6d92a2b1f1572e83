import socket
import sqlite3

import pytest

from repro.tracking import server
from shared.errors import ReproError


@pytest.fixture
def runs(tmp_path):
    """A folder whose store holds one run, as far as the server's checks look."""
    store = sqlite3.connect(tmp_path / "mlflow.db")
    store.execute("create table runs (lifecycle_stage text)")
    store.execute("insert into runs values ('active')")
    store.commit()
    store.close()
    return tmp_path


def test_the_server_listens_on_loopback_only(runs):
    command = server.command(runs, server._any_free())
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--backend-store-uri") + 1] == f"sqlite:///{runs}/mlflow.db"


def test_a_port_that_is_taken_is_named_with_a_free_one(runs):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ReproError, match=rf"Port {port} is taken .* `repro ui --port \d+`"):
            server.command(runs, port)


def test_an_empty_store_is_named(tmp_path):
    with pytest.raises(ReproError, match="No run is tracked"):
        server.command(tmp_path, server._any_free())
    (tmp_path / "mlflow.db").write_bytes(b"not a database, but long enough to be looked at as one" * 30)
    with pytest.raises(ReproError, match="No run is tracked"):
        server.command(tmp_path, server._any_free())


def test_without_mlflow_another_way_is_named(runs, monkeypatch):
    monkeypatch.setattr(server.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ReproError, match="repro results show"):
        server.command(runs, server._any_free())


def test_a_server_that_dies_is_said_to_have_died(runs, monkeypatch):
    import sys

    monkeypatch.setattr(server, "command", lambda *args: [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(ReproError, match=r"did not start; its messages are in .*\.mlflow-server\.log"):
        server.serve(runs, server._any_free(), print)


def test_the_address_is_said_once_the_server_answers(runs, monkeypatch):
    import sys

    program = (
        "import http.server, sys\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "s = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H)\n"
        "s.handle_request()\n"
    )
    port, said = server._any_free(), []
    monkeypatch.setattr(server, "command", lambda *args: [sys.executable, "-c", program, str(port)])
    assert server.serve(runs, port, said.append) == 0
    assert said == [f"http://127.0.0.1:{port}/{server.PAGE}"]


def test_with_a_remote_store_its_address_is_printed(monkeypatch, capsys):
    from repro.cli.ui import command

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")
    command()
    assert capsys.readouterr().out == "http://tracking.example:5000\n"


def test_a_terminated_ui_takes_its_server_and_workers_along(runs):
    """Real processes: a parent that serves, a server that has a worker; SIGTERM to the parent ends all three."""
    import signal
    import subprocess
    import sys
    import time

    worker = "import time; time.sleep(300)"
    program = (
        "import http.server, subprocess, sys\n"
        f"w = subprocess.Popen([sys.executable, '-c', {worker!r}])\n"
        "open('worker.pid', 'w').write(str(w.pid))\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
    )
    port = server._any_free()
    parent = (
        "import sys\nfrom pathlib import Path\nfrom repro.tracking import server\n"
        f"server.command = lambda *a: [sys.executable, '-c', {program!r}, '{port}']\n"
        f"sys.exit(server.serve(Path('.'), {port}, lambda text: print(text, flush=True)))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=runs, stdout=subprocess.PIPE)
    try:
        assert b"http://127.0.0.1" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    deadline = time.monotonic() + 10
    pid = int((runs / "worker.pid").read_text())
    while time.monotonic() < deadline and alive(pid):
        time.sleep(0.05)
    assert not alive(pid)
    assert server.free(port)


def alive(pid):
    from pathlib import Path

    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
