"""Runs a program whose standard error is a terminal, and prints what comes there: `terminal.py FILE PROGRAM ARGUMENT...`.

The program's standard output goes to FILE, or to the terminal too if FILE is `-`. SIGINT is passed on, as Ctrl-C would be.
"""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios

file, *command = sys.argv[1:]
master, terminal = pty.openpty()
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
output = terminal if file == "-" else open(file, "wb")
program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=terminal)
signal.signal(signal.SIGINT, lambda *_: program.send_signal(signal.SIGINT))
os.close(terminal)
while True:
    try:
        shown = os.read(master, 65536)
    except OSError:  # Linux says so that the program has closed the terminal.
        break
    if not shown:
        break
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
sys.exit(program.wait())
