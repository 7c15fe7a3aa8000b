"""The web application that defib is tested on: well, until a fault is switched on.

A fault is a file in the folder SUBJECT_FAULTS. It strikes the application that was already running
when the file was written, so that a restart cures it as it would cure a real one; a file that
contains "always" strikes every later start too.
"""

import os
import signal
import socket
import struct
import time
from pathlib import Path

from flask import Flask, Response, redirect, request

FAULTS = Path(os.environ["SUBJECT_FAULTS"])
# Of the master, from gunicorn.conf.py: a worker that is started again is not a fresh application.
STARTED = float(os.environ.get("SUBJECT_STARTED", time.time()))
DEPENDENCY = os.environ.get("SUBJECT_DEPENDENCY", "")

app = Flask(__name__)


def fault(name):
    """The text of the fault's file, or None if it does not strike us."""
    try:
        path = FAULTS / name
        text = path.read_text()
        struck = "always" in text or path.stat().st_mtime > STARTED
    except FileNotFoundError:
        return None
    return text.replace("always", "").strip() if struck else None


def seconds(text, default):
    return float(text) if text else default


def hang(_):
    # For good: in a thread as in a sync worker, and through any signal that has a handler.
    while True:
        time.sleep(3600)


def crash_worker(_):
    os.kill(os.getpid(), signal.SIGKILL)


def reset(_):
    # Linger of zero: close() sends RST instead of FIN.
    connection = request.environ["gunicorn.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return Response("never seen")


def slow(text):
    time.sleep(seconds(text, 2.0))
    return None


def err500(_):
    raise RuntimeError("the fault err500 is on")


def wrong_body(_):
    return Response("Welcome to nginx!\n", content_type="text/plain")


def retry_after(text):
    return Response("maintenance\n", 503, {"Retry-After": text or "120"})


def moved(_):
    return redirect("/login", 302)


def auth(_):
    return Response("who are you?\n", 401, {"WWW-Authenticate": "Basic"})


# In the order in which they are asked: `slow` answers late with what the others say.
FAULT_TABLE = {
    "slow": slow,
    "hang": hang,
    "crash-worker": crash_worker,
    "reset": reset,
    "err500": err500,
    "retry-after": retry_after,
    "redirect": moved,
    "auth": auth,
    "wrong-body": wrong_body,
}


@app.before_request
def strike():
    if request.path.startswith("/fault/"):
        return None
    for name, act in FAULT_TABLE.items():
        text = fault(name)
        if text is not None:
            answer = act(text)
            if answer is not None:
                return answer
    return None


@app.get("/")
@app.get("/healthz")
def well():
    if DEPENDENCY:
        host, port = DEPENDENCY.rsplit(":", 1)
        # Raises, and so answers 500, when the dependency is down: as most applications do.
        socket.create_connection((host, int(port)), timeout=1).close()
    return Response(f"subject is well, worker {os.getpid()}\n", content_type="text/plain")


@app.get("/login")
def login():
    return Response("log in here\n", content_type="text/plain")


@app.get("/fault/<name>")
def switch_on(name):
    if name not in FAULT_TABLE:
        return Response("no such fault\n", 404)
    (FAULTS / name).write_text(request.args.get("text", ""))
    return Response(f"{name} is on\n")


@app.get("/fault/<name>/off")
def switch_off(name):
    if name not in FAULT_TABLE:
        return Response("no such fault\n", 404)
    (FAULTS / name).unlink(missing_ok=True)
    return Response(f"{name} is off\n")
