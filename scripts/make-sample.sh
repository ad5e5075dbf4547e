#!/bin/sh
# Makes samples/welcome.opus: a synthetic voice that reads the text below. The text and the recording belong to the
# project and are under its licence. Needs espeak-ng, sox and opusenc (Debian: apt-get install espeak-ng sox opus-tools).
set -eu

text="Welcome to Parley. You are listening to a voice server of your own. \
Whatever one person says is sealed once, carried once, and reaches everybody unchanged."
folder=$(dirname "$0")/../samples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

espeak-ng -v en-gb -s 165 -w "$work/spoken.wav" "$text"
sox -D "$work/spoken.wav" -r 48000 -c 1 "$work/level.wav" norm -3
mkdir -p "$folder"
opusenc --quiet --bitrate 32 --framesize 20 --speech --serial 1 \
  --title "Welcome to Parley" --artist "Parley" "$work/level.wav" "$folder/welcome.opus"
