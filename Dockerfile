# The environment of requirements.lock, to run a clone in: the code is the clone's own. See docs/scaling.md.
#   docker build -t g2rl .
#   docker run --gpus all --ipc host -u "$(id -u):$(id -g)" -v "$PWD:/g2rl" -v /data:/data g2rl snakemake --cores 8 all
FROM docker.io/library/python:3.11-slim-bookworm

COPY requirements.lock /opt/
RUN python -m pip install --no-cache-dir --no-deps -r /opt/requirements.lock \
    && printf '#!/bin/sh\nexec python -m g2rl "$@"\n' > /usr/local/bin/g2rl \
    && chmod 755 /usr/local/bin/g2rl

# The package is found where the container is started; a home that everybody may write to.
ENV PYTHONPATH=. HOME=/tmp PYTHONDONTWRITEBYTECODE=1
WORKDIR /g2rl
CMD ["snakemake", "--cores", "all", "all"]
