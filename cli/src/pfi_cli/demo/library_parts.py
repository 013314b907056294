"""The standard library in named parts: one per demo client, and the rest for pre-training."""

CLIENT_PARTS: dict[str, tuple[str, ...]] = {
    "text": ("difflib", "pprint", "re", "string", "stringprep", "textwrap"),
    "data-structures": (
        "_collections_abc", "_weakrefset", "bisect", "collections", "copy", "dataclasses", "enum",
        "graphlib", "heapq", "types", "weakref",
    ),
    "numbers": (
        "_pydecimal", "fractions", "functools", "numbers", "operator", "random", "statistics",
    ),
    "files": (
        "filecmp", "fileinput", "fnmatch", "genericpath", "glob", "linecache", "ntpath", "pathlib",
        "posixpath", "shutil", "stat", "tempfile",
    ),
    "storage": (
        "configparser", "copyreg", "csv", "dbm", "netrc", "pickle", "pickletools", "plistlib",
        "shelve", "sqlite3", "tomllib",
    ),
    "compression": (
        "_compression", "bz2", "gzip", "lzma", "tarfile", "zipapp", "zipfile", "zipimport",
    ),
    "system": (
        "_pyio", "argparse", "ctypes", "curses", "getopt", "getpass", "logging", "os", "platform",
        "pty", "signal", "tty",
    ),
    "concurrency": (
        "concurrent", "contextvars", "multiprocessing", "queue", "sched", "subprocess",
        "threading",
    ),
    "networking": ("asyncio", "selectors", "socket", "socketserver", "ssl"),
    "internet": (
        "ftplib", "http", "imaplib", "ipaddress", "poplib", "smtplib", "urllib", "uuid",
        "webbrowser", "wsgiref", "xmlrpc",
    ),
    "mail": ("base64", "email", "json", "mailbox", "mimetypes", "quopri"),
    "dates": ("_pydatetime", "_strptime", "calendar", "datetime", "gettext", "locale", "zoneinfo"),
    "markup": ("html", "xml"),
}  # fmt: skip
PRE_TRAINING_MODULES = (
    "abc", "ast", "bdb", "cmd", "code", "codecs", "codeop", "compileall", "contextlib", "cProfile",
    "dis", "distutils", "doctest", "encodings", "ensurepip", "hashlib", "hmac",
    "idlelib", "importlib", "inspect", "keyword", "lib2to3", "modulefinder", "opcode", "optparse",
    "pdb", "pkgutil", "profile", "pstats", "pyclbr", "pydoc", "runpy", "secrets", "shlex",
    "symtable", "sysconfig", "tabnanny", "timeit", "tkinter", "token", "tokenize", "trace",
    "traceback", "turtle", "typing", "unittest", "venv", "warnings",
)  # fmt: skip
