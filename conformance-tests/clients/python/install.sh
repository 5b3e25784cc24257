#!/bin/sh
# Makes a virtual environment with the clients that backend.py drives, once: `install.sh DIR`.
set -e
[ -f "$1/complete" ] && exit 0
python3 -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check 'authlib==1.6.5' 'fhirclient==4.3.2' 'requests==2.32.5'
touch "$1/complete"
