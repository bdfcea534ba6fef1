#!/bin/sh
# Get what the tests want from the operating system: a browser for the page tests.
# Never fails: without it those tests are skipped, and one line says so.
set -u

for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done

as_root=none
if [ "$(id -u)" -eq 0 ]; then
  as_root=""
elif [ "${CI:-}" = "true" ] && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
fi

get() {
  # A machine without a network must not keep anyone waiting.
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
    -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 \
    -o DPkg::Lock::Timeout=60 "$@" >/dev/null 2>&1
}

if [ "$as_root" != "none" ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing chromium for the page tests ..."
  get update && get install --yes --no-install-recommends chromium && exit 0
fi

echo "chromium is not installed: the page tests will be skipped, all others run."
exit 0
