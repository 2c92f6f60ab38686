"""What a distribution on PyPI is called that has a module, where it has another name."""

from __future__ import annotations

from typing import Final

WELL_KNOWN: Final = {
    "antlr4": "antlr4-python3-runtime",
    "attr": "attrs",
    "azure.storage.blob": "azure-storage-blob",
    "barcode": "python-barcode",
    "bs4": "beautifulsoup4",
    "bson": "pymongo",
    "cairo": "pycairo",
    "corsheaders": "django-cors-headers",
    "Crypto": "pycryptodome",
    "Cryptodome": "pycryptodomex",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "discord": "discord.py",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "engineio": "python-engineio",
    "environ": "django-environ",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "gi": "PyGObject",
    "git": "GitPython",
    "gnupg": "python-gnupg",
    "google.auth": "google-auth",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "gridfs": "pymongo",
    "grpc": "grpcio",
    "hydra": "hydra-core",
    "imblearn": "imbalanced-learn",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "memcache": "python-memcached",
    "mpl_toolkits": "matplotlib",
    "multipart": "python-multipart",
    "MySQLdb": "mysqlclient",
    "nacl": "PyNaCl",
    "nmap": "python-nmap",
    "OpenSSL": "pyOpenSSL",
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "paho": "paho-mqtt",
    "PIL": "pillow",
    "pkg_resources": "'setuptools<82'",  # removed from 82
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pythoncom": "pywin32",
    "pythonjsonlogger": "python-json-logger",
    "pywt": "PyWavelets",
    "rest_framework": "djangorestframework",
    "segment": "segment-analytics-python",
    "serial": "pyserial",
    "shapefile": "pyshp",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "socketio": "python-socketio",
    "socks": "PySocks",
    "speech_recognition": "SpeechRecognition",
    "talib": "TA-Lib",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "win32api": "pywin32",
    "win32con": "pywin32",
    "Xlib": "python-xlib",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""Modules whose distribution has another name; a namespace's are named by what is in it.

No index tells which distribution has a module, and a module that is missing has no metadata. The
names here only complete a hint; nothing is decided by them.
"""


def distribution_of(module: str) -> str:
    """Name the distribution that has a module, if that is known.

    That is one that is installed beside startlab, by what its metadata says, or a well-known one.
    Nothing is guessed: another may own the module's name on PyPI.
    """
    parts = module.split(".")
    longest_first = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    known = next((WELL_KNOWN[each] for each in longest_first if each in WELL_KNOWN), "")
    if known:
        return known
    from importlib import metadata  # slow

    installed = set(metadata.packages_distributions().get(parts[0], ()))
    return installed.pop() if len(installed) == 1 else ""
