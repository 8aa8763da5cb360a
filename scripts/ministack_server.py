"""ministack's server on one port of the loopback alone: by itself it takes port 443, too, where that is free, and keeps files in the
common folder of temporary ones. What it writes goes into the folder that it is given."""

import os
import sys

folder, port = sys.argv[1:]
# Read when it is imported.
os.environ |= {
    "TMPDIR": folder,
    "STATE_DIR": f"{folder}/state",
    "GATEWAY_PORT": port,
    "MINISTACK_HOST": "localhost",
    "LOG_LEVEL": "WARNING",
    "USE_SSL": "1",
    # Servers of their own for IoT and files, for which there is no use.
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    # No containers: a machine may have a Docker that has nothing to do with this.
    "DOCKER_HOST": f"unix://{folder}/none",
}

import asyncio

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

config = Config()
config.bind = [f"127.0.0.1:{port}"]
config.certfile, config.keyfile = f"{folder}/server.pem", f"{folder}/server.key"
config.loglevel = "WARNING"
asyncio.run(serve(app, config))
