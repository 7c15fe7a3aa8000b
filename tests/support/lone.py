"""A web server that must never be alive twice. Its faults are files in its folder:

    hang        connections are accepted and never answered
    err500      each request is answered 500
    refuse      nobody listens
    lose        the next request is never answered; the file is then gone
    deaf        SIGTERM is ignored

A fresh start removes them, unless there is the file `incurable`: it is well again. Each start appends "PID START_TICKS" to the file
`starts`; a start that finds an earlier life still alive writes the file `twice`.
"""

import fcntl
import os
import signal
import socket
import sys
import threading
import time

FOLDER, PORT = sys.argv[1], int(sys.argv[2])
FAULTS = ("hang", "err500", "refuse", "lose", "deaf")


def path(name):
    return os.path.join(FOLDER, name)


def has(name):
    return os.path.exists(path(name))


def start_ticks(pid):
    """Field 22 of proc_pid_stat(5); None if the process has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def announce():
    with open(path("starts"), "a+", encoding="ascii") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.seek(0)
        for line in log:
            pid, ticks = map(int, line.split())
            if start_ticks(pid) == ticks:
                with open(path("twice"), "a", encoding="ascii") as marker:
                    marker.write(f"{os.getpid()} began while {pid} was alive\n")
        own = os.getpid()
        log.write(f"{own} {start_ticks(own)}\n")


def remove(name):
    try:
        os.remove(path(name))
    except FileNotFoundError:
        return False
    return True


def answer(connection):
    connection.settimeout(5)
    try:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return
            head += piece
        if has("lose") and remove("lose"):
            # Kept open and silent for longer than any probe waits.
            time.sleep(30)
            return
        while has("hang"):
            time.sleep(0.02)
        status = "500 Internal Server Error" if has("err500") else "200 OK"
        text = f"HTTP/1.1 {status}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlone\n"
        connection.sendall(text.encode())
    except OSError:
        pass
    finally:
        connection.close()


def listen():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(64)
    listener.settimeout(0.02)
    return listener


def main():
    announce()
    for fault in FAULTS:
        if not has("incurable"):
            remove(fault)
    listener = listen()
    while True:
        signal.signal(signal.SIGTERM, signal.SIG_IGN if has("deaf") else signal.SIG_DFL)
        if has("refuse"):
            listener.close()
            while has("refuse"):
                time.sleep(0.02)
            listener = listen()
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


main()
