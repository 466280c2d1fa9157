#!/usr/bin/env bash
# Builds the packages that gateway/msi is tested with, from what lies beside this
# script. Needs msitools, wixl, osslsigncode and openssl (Debian: packages of these
# names). usage: build.sh [FOLDER]   (default: the folder of this script)
#
# Nothing in them can run: a program is the headers of one, without code. A second
# build has the same tables and streams and other bytes: each tool writes the time
# and identifiers of its own, and every build has a test authority of its own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "${1:-$here}" && cd "${1:-$here}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program FILE CHARACTERISTICS TEXT: an MZ header, a PE header without sections, and a text.
program() {
  { printf 'MZ'; head -c 58 /dev/zero; printf '\x40\0\0\0PE\0\0\x4c\x01\0\0'; head -c 12 /dev/zero; printf '\0\0'; printf "$2"; printf '%s' "$3"; } >"$1"
}
exe='\x02\x01' dll='\x02\x21'

# database FOLDER FILE TITLE TEMPLATE CODE: one table for each .idt, binary streams by name.
database() {
  local args=()
  rm -f "$2"
  for table in "$1"/*.idt; do args+=(-i "$table"); done
  msibuild "$2" "${args[@]}"
  msibuild "$2" -s "$3" 'Orchard Software' "$4" "$5"
}

# actions.msi: every type of custom action, every option
cp -r "$here/actions" "$work/actions"
cd "$work/actions"
mkdir Binary
program Binary/Library.ibd "$dll" 'the library of actions.msi'
program Binary/Helper.ibd "$exe" 'the helper of actions.msi'
cp Script.js Binary/Script.js.ibd
cp Script.vbs Binary/Script.vbs.ibd
printf 'BM a banner' >Binary/Banner.ibd
database . "$out/actions.msi" 'Orchard Showcase' 'x64;1033' '{3D0E8C11-5B0B-4C52-8B0E-6B8F1E0D2A03}'

# attack.msi: what hostile packages do
cp -r "$here/attack" "$work/attack"
cd "$work/attack"
mkdir Binary MsiEmbeddedUI
program Binary/Loader.ibd "$exe" 'the loader of attack.msi'
program Binary/Library.ibd "$dll" 'the library of attack.msi'
program MsiEmbeddedUI/Ui.ibd "$dll" 'the user interface of attack.msi'
cp Dropper.vbs Binary/Dropper.vbs.ibd
printf '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a package in a package' >Binary/Payload.ibd
database . "$out/attack.msi" 'Meadow Reader' 'Intel;1033' '{91A7C0DE-1E57-4B5A-9B0F-0C4D5E6F7A03}'

# agent.msi: an ordinary package with a service, signed; agent-ex.msi with MsiDigitalSignatureEx
cp -r "$here/agent" "$work/agent"
cd "$work/agent"
program agent.exe "$exe" 'the agent of agent.msi'
mkdir Binary
program Binary/Setup.ibd "$exe" 'the setup of agent.msi'
printf 'Name\tData\ns72\tv0\nBinary\tName\nSetup\tSetup.ibd\n' >Binary.idt
wixl -o unsigned.msi agent.wxs
msibuild unsigned.msi -i Binary.idt
msibuild unsigned.msi -q "INSERT INTO \`CustomAction\` (\`Action\`, \`Type\`, \`Source\`, \`Target\`) VALUES ('Prepare', 3074, 'Setup', '/prepare')" \
  "INSERT INTO \`InstallExecuteSequence\` (\`Action\`, \`Condition\`, \`Sequence\`) VALUES ('Prepare', 'NOT Installed', 4002)"

authority() { # NAME SUBJECT USAGE: a key and a certificate by the test authority
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA root.pem -CAkey root.key -days 7300 -out "$1.pem" -extfile <(printf 'extendedKeyUsage=critical,%s\n' "$3")
}
{
  openssl req -x509 -newkey rsa:2048 -nodes -days 7300 -keyout root.key -subj '/O=Orchard Software/CN=Orchard Test Authority' -out root.pem
  authority signer '/O=Orchard Software/CN=Orchard Software' codeSigning
  authority stamp '/O=Orchard Software/CN=Orchard Test Timestamp' timeStamping
} 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2; exit 1; }
cat signer.pem root.pem >chain.pem
cat stamp.pem root.pem >stamps.pem
sign() { # INPUT OUTPUT [FLAGS…]
  local in=$1 to=$2; shift 2
  rm -f "$to"
  osslsigncode sign -certs chain.pem -key signer.key -h sha256 "$@" -in "$in" -out "$to" >/dev/null
}
sign unsigned.msi "$out/agent.msi" -TSA-certs stamps.pem -TSA-key stamp.key -TSA-time "$(date -d tomorrow +%s)"
sign unsigned.msi "$out/agent-ex.msi" -add-msi-dse
