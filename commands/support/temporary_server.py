"""The Prefect server of one command's own runs, without dashboard: `... commands.support.temporary_server PORT`."""

import sys

import uvicorn
from prefect.server.api.server import create_app

if __name__ == "__main__":
    app = create_app(ephemeral=True, final=True)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", lifespan="on")
