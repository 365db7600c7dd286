#!/bin/sh
# Verifies the evidence of a key ceremony with a POSIX shell, coreutils and openssl, and with nothing of AgentPki.
#
#   sh verify.sh [FOLDER [SHA256-OF-THE-PLAN]]
#
# FOLDER is the folder of the ceremony; without it, the one in which this script lies. The digest is the one that people who were there wrote down:
# without it the folder is taken at its word about which plan it was. Exit status 0: everything holds. OPENSSL names another openssl than the one on
# the PATH; officers and CAs with ML-DSA or composite keys need one of 3.5 or newer.
#
# Take this script from somewhere else than from the folder that it is to judge, or compare its SHA-256 with the one in the minutes that you were given on paper.

# shellcheck disable=SC2015 # 'a && b || c' is meant: c also runs where b is false
set -u
LC_ALL=C
export LC_ALL
unset CDPATH
umask 077
IFS=' '
openssl=${OPENSSL:-openssl}
nl='
'
tab=$(printf '\t')
c0=$(printf '[\001-\010\011\013-\037\177]')
c1=$(printf '\302')[$(printf '\200')-$(printf '\237')]
line_separator=$(printf '\342\200\250')
paragraph_separator=$(printf '\342\200\251')
zeros=0000000000000000000000000000000000000000000000000000000000000000
wrong=0
people=officer # whose keys are looked at

say() { printf '%s\n' "$1"; }
# What comes out of files that are not verified yet does not speak to the terminal.
clean() { printf '%s' "$1" | tr -c ' -~' '?'; }
problem() {
  wrong=$((wrong + 1))
  printf '   WRONG  %s\n' "$(clean "$1")"
}
remark() { printf '   note   %s\n' "$(clean "$1")"; }
ok() { printf '   ok     %s\n' "$1"; }
give_up() {
  problem "$1"
  printf '\nNOT VERIFIED. Nothing else was looked at.\n'
  exit 1
}

is_digest() { case $1 in *[!0-9a-f]*) return 1 ;; esac && [ ${#1} -eq 64 ]; }
is_number() { case $1 in '' | *[!0-9]* | 0?*) return 1 ;; esac && [ ${#1} -le 18 ]; }
# Of a file of the folder: they were all read once, when the folder was listed. Of a scratch file: now.
digest_of() {
  case $1 in
    "$work"/*) digest=$(sha256sum <"$1") && digest=${digest%% *} ;;
    *)
      digest=${digests%%"  $1$nl"*}
      digest=${digest##*"$nl"}
      ;;
  esac
}
hex_of() { od -An -v -tx1 <"$1" | tr -d ' \n'; }
hex_of_text() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }

# Octets of hexadecimal digits.
octets() {
  octets_rest=$1 octets_format=
  while [ -n "$octets_rest" ]; do
    octets_tail=${octets_rest#??}
    octets_value=$((0x${octets_rest%"$octets_tail"}))
    octets_format="$octets_format\\$((octets_value / 64))$((octets_value / 8 % 8))$((octets_value % 8))"
    octets_rest=$octets_tail
  done
  # shellcheck disable=SC2059 # the octets are the format
  printf "$octets_format"
}

# A digest in words that can be read aloud (proquints).
words_of() {
  words_rest=$1 words=
  while [ -n "$words_rest" ]; do
    words_tail=${words_rest#????}
    words_bits=$((0x${words_rest%"$words_tail"})) words_rest=$words_tail
    letter bdfghjklmnprstvz $((words_bits >> 12)) && words="$words${words:+-}$letter"
    letter aiou $((words_bits >> 10 & 3)) && words=$words$letter
    letter bdfghjklmnprstvz $((words_bits >> 6 & 15)) && words=$words$letter
    letter aiou $((words_bits >> 4 & 3)) && words=$words$letter
    letter bdfghjklmnprstvz $((words_bits & 15)) && words=$words$letter
  done
}
letter() {
  letter=$1 letter_skip=$2
  while [ "$letter_skip" -gt 0 ]; do
    letter=${letter#?} letter_skip=$((letter_skip - 1))
  done
  letter=${letter%"${letter#?}"}
}

# ---- sheets: a line with the kind, and lines of NAME: VALUE -------------------------------------------------------------------------------

# read_sheet FILE KIND: into $sheet; otherwise $why.
read_sheet() {
  sheet='' sheet_text='' sheet_line=''
  sheet_size=${sizes%%" $1$nl"*}
  sheet_size=${sheet_size##*[!0-9]}
  if [ "$sheet_size" -gt 262144 ]; then
    why="it is longer than any record"
    return 1
  fi
  while IFS= read -r sheet_line; do
    sheet_text=$sheet_text$sheet_line$nl
  done <"$1"
  if [ -n "$sheet_line" ]; then
    why="its last line is cut off"
    return 1
  fi
  if [ ${#sheet_text} -ne "$sheet_size" ]; then
    why="it has control characters"
    return 1
  fi
  # shellcheck disable=SC2254 # $c0 and $c1 are patterns
  case $sheet_text in
    *$c0* | *$c1* | *"$line_separator"* | *"$paragraph_separator"*)
      why="it has control characters"
      return 1
      ;;
    "$2$nl"*) ;;
    *)
      why="its first line is not $2"
      return 1
      ;;
  esac
  sheet_rest=${sheet_text#*"$nl"} sheet_names=$nl
  while [ -n "$sheet_rest" ]; do
    sheet_line=${sheet_rest%%"$nl"*} sheet_rest=${sheet_rest#*"$nl"}
    sheet_name=${sheet_line%%": "*}
    case $sheet_name in
      "$sheet_line" | '' | *[!A-Za-z0-9._-]*)
        why="one of its lines is not 'name: value'"
        return 1
        ;;
    esac
    if [ "$sheet_line" = "$sheet_name: " ]; then
      why="'$sheet_name' has no value"
      return 1
    fi
    case $sheet_names in
      *"$nl$sheet_name$nl"*)
        why="'$sheet_name' is said twice"
        return 1
        ;;
    esac
    sheet_names=$sheet_names$sheet_name$nl
  done
  sheet=$sheet_text
}

# fact NAME: its value in $sheet into $value; empty and false when it is not there.
fact() {
  value=
  case $sheet in
    *"$nl$1: "*)
      value=${sheet#*"$nl$1: "}
      value=${value%%"$nl"*}
      ;;
    *) return 1 ;;
  esac
}

# ---- keys and signatures ------------------------------------------------------------------------------------------------------------------

# algorithm_of HEX: of a DER SubjectPublicKeyInfo, into $algorithm.
algorithm_of() {
  algorithm=$(printf '%.64s' "$1")
  case $algorithm in
    30*30??06072a8648ce3d020106082a8648ce3d030107*) algorithm=ecdsa-sha256 ;;
    30*30??06072a8648ce3d02010605*2b81040022* | 30*30??06072a8648ce3d02010605*2b81040023*) algorithm=ecdsa-sha384 ;;
    30*30??06092a864886f70d010101*) algorithm=rsa-pkcs1-sha256 ;;
    30*30??06032b6570*) algorithm=ed25519 ;;
    30*30??060960864801650304031[123]*) algorithm=ml-dsa ;;
    3082????300a06082b0601050507062[5-9a-f]* | 3082????300a06082b0601050507063[0-6]*) algorithm=composite ;;
    *) algorithm=unknown ;;
  esac
}

# can_judge ALGORITHM: whether this openssl knows that kind of key.
can_judge() { case $1:$has_ml_dsa in unknown:* | ml-dsa:no | composite:no) return 1 ;; esac; }

# pem_of BASE64: the PEM of a public key.
pem_of() {
  printf '%s\n' '-----BEGIN PUBLIC KEY-----'
  printf '%s' "$1" | fold -w 64
  printf '\n%s\n' '-----END PUBLIC KEY-----'
}

# is_signed PEM-FILE ALGORITHM SIGNATURE-FILE TEXT-FILE; otherwise $why.
is_signed() {
  why="the signature is not that of its key"
  case $2 in
    ecdsa-sha256 | rsa-pkcs1-sha256) "$openssl" dgst -sha256 -verify "$1" -signature "$3" "$4" >/dev/null 2>&1 ;;
    ecdsa-sha384) "$openssl" dgst -sha384 -verify "$1" -signature "$3" "$4" >/dev/null 2>&1 ;;
    ed25519) "$openssl" pkeyutl -verify -pubin -inkey "$1" -rawin -sigfile "$3" -in "$4" >/dev/null 2>&1 ;;
    ml-dsa)
      if [ "$has_ml_dsa" = no ]; then
        why="this openssl ($version) does not know ML-DSA, so that the signature could not be verified: set OPENSSL to one of 3.5 or newer"
        return 1
      fi
      "$openssl" pkeyutl -verify -pubin -inkey "$1" -rawin -sigfile "$3" -in "$4" >/dev/null 2>&1
      ;;
    *)
      why="openssl does not know keys of that kind, so that the signature could not be verified: 'agentpki ceremony verify' does"
      return 1
      ;;
  esac
}

# part FILE NUMBER [DEPTH]: the DER of an element. Depth 2 (the default) of a certificate are the elements of its TBSCertificate, from 1: version, serial
# number, algorithm, issuer, validity, subject, key. Depth 1 are what was signed, algorithm, signature.
part() {
  part_left=$2 part_found=
  "$openssl" asn1parse -inform DER -in "$1" >"$work/asn1" 2>/dev/null || return 1
  while IFS=' ' read -r part_line; do
    case $part_line in
      *:d="${3:-2}"\ *)
        part_left=$((part_left - 1))
        if [ "$part_left" -eq 0 ]; then
          part_found=$part_line
          break
        fi
        ;;
    esac
  done <"$work/asn1"
  [ -n "$part_found" ] || return 1
  part_offset=${part_found%%:*} part_header=${part_found#*hl=} part_length=${part_found#*l=*l=}
  part_header=${part_header%%" "*} part_length=${part_length#"${part_length%%[! ]*}"}
  part_length=${part_length%%" "*}
  tail -c +$((part_offset + 1)) "$1" 2>/dev/null | head -c $((part_header + part_length))
}

# open_object FILE: what is signed in a certificate, a CRL or a request, and the signature.
open_object() {
  object_algorithm=
  part "$1" 1 1 >"$work/signed" && part "$1" 2 1 >"$work/algorithm" && part "$1" 3 1 >"$work/bits" || return 1
  case $(head -c 5 "$work/bits" | od -An -v -tx1 | tr -d ' \n') in
    0382????00) object_skip=6 ;;
    0381??00*) object_skip=5 ;;
    03??00*) object_skip=4 ;;
    *) return 1 ;;
  esac
  tail -c +$object_skip "$work/bits" >"$work/signature"
  object_algorithm=$(hex_of "$work/algorithm")
}

# is_object_signed KEY: whether the object that is open is signed by that key (SubjectPublicKeyInfo, DER). 2: by a kind of signature that is not looked at here.
is_object_signed() {
  [ -n "$object_algorithm" ] || return 1
  key_pem "$1" >"$work/object-key.pem"
  case $object_algorithm in
    300a06082a8648ce3d040302 | 300d06092a864886f70d01010b0500) verify_with sha256 ;;
    300a06082a8648ce3d040303 | 300d06092a864886f70d01010c0500) verify_with sha384 ;;
    300a06082a8648ce3d040304 | 300d06092a864886f70d01010d0500) verify_with sha512 ;;
    300506032b6570) is_signed "$work/object-key.pem" ed25519 "$work/signature" "$work/signed" ;;
    300b060960864801650304031[123]) is_signed "$work/object-key.pem" ml-dsa "$work/signature" "$work/signed" ;;
    300a06082b060105050706*) [ "$(head -c 16 "$1" | tail -c 12 | od -An -v -tx1 | tr -d ' \n')" = "$object_algorithm" ] && is_composite_signed "${object_algorithm#300a06082b060105050706}" "$1" ;;
    *) return 2 ;;
  esac
}
verify_with() { "$openssl" dgst "-$1" -verify "$work/object-key.pem" -signature "$work/signature" "$work/signed" >/dev/null 2>&1 || return 1; }
key_pem() { pem_of "$(base64 <"$1" | tr -d '\n')"; }

# is_composite_signed ARC KEY: of $work/signed and $work/signature (draft-ietf-lamps-pq-composite-sigs-19). No openssl knows composites: each half is verified
# by itself, over M' = Prefix || Label || 00 || PH(M) (section 3.3), the ML-DSA half with the label as its context.
is_composite_signed() {
  pre=sha512 how='' hash=sha256 header='' size=0
  case $1 in
    25) set=44 how=pss pre=sha256 label=MLDSA44-RSA2048-PSS-SHA256 ;;
    26) set=44 pre=sha256 label=MLDSA44-RSA2048-PKCS15-SHA256 ;;
    27) set=44 how=raw header=302a300506032b6570032100 label=MLDSA44-Ed25519-SHA512 ;;
    28) set=44 pre=sha256 header=$p256 label=MLDSA44-ECDSA-P256-SHA256 ;;
    29) set=65 how=pss label=MLDSA65-RSA3072-PSS-SHA512 ;;
    2a) set=65 label=MLDSA65-RSA3072-PKCS15-SHA512 ;;
    2b) set=65 how=pss hash=sha384 label=MLDSA65-RSA4096-PSS-SHA512 ;;
    2c) set=65 hash=sha384 label=MLDSA65-RSA4096-PKCS15-SHA512 ;;
    2d) set=65 header=$p256 label=MLDSA65-ECDSA-P256-SHA512 ;;
    2e) set=65 hash=sha384 header=$p384 label=MLDSA65-ECDSA-P384-SHA512 ;;
    2f) set=65 header=305a301406072a8648ce3d020106092b2403030208010107034200 label=MLDSA65-ECDSA-BP256-SHA512 ;;
    30) set=65 how=raw header=302a300506032b6570032100 label=MLDSA65-Ed25519-SHA512 ;;
    31) set=87 hash=sha384 header=$p384 label=MLDSA87-ECDSA-P384-SHA512 ;;
    32) set=87 hash=sha384 header=307a301406072a8648ce3d020106092b240303020801010b036200 label=MLDSA87-ECDSA-BP384-SHA512 ;;
    33) set=87 how=raw pre=shake256 header=3043300506032b6571033a00 label=MLDSA87-Ed448-SHAKE256 ;;
    34) set=87 how=pss label=MLDSA87-RSA3072-PSS-SHA512 ;;
    35) set=87 how=pss hash=sha384 label=MLDSA87-RSA4096-PSS-SHA512 ;;
    36) set=87 hash=sha512 header=30819b301006072a8648ce3d020106052b8104002303818600 label=MLDSA87-ECDSA-P521-SHA512 ;;
    *) return 1 ;;
  esac
  case $set in
    44) lattice=30820532300b06096086480165030403110382052100 key_size=1312 signature_size=2420 ;;
    65) lattice=308207b2300b0609608648016503040312038207a100 key_size=1952 signature_size=3309 ;;
    87) lattice=30820a32300b060960864801650304031303820a2100 key_size=2592 signature_size=4627 ;;
  esac
  label=COMPSIG-$label

  # The halves of the key, each as a SubjectPublicKeyInfo of its own.
  tail -c +22 "$2" >"$work/both"
  {
    octets "$lattice"
    head -c "$key_size" "$work/both"
  } >"$work/half.der"
  key_pem "$work/half.der" >"$work/half-1.pem"
  tail -c +$((key_size + 1)) "$work/both" >"$work/rest"
  size=$(($(wc -c <"$work/rest")))
  [ -n "$header" ] || header=$(printf '3082%04x300d06092a864886f70d01010105000382%04x00' $((size + 20)) $((size + 1)))
  {
    octets "$header"
    cat "$work/rest"
  } >"$work/half.der"
  key_pem "$work/half.der" >"$work/half-2.pem"
  head -c "$signature_size" "$work/signature" >"$work/half-1.sig"
  tail -c +$((signature_size + 1)) "$work/signature" >"$work/half-2.sig"

  {
    printf 'CompositeAlgorithmSignatures2025%s\000' "$label"
    case $pre in
      shake256) "$openssl" dgst -shake256 -xoflen 64 -binary "$work/signed" ;;
      *) "$openssl" dgst "-$pre" -binary "$work/signed" ;;
    esac
  } >"$work/message"
  "$openssl" pkeyutl -verify -pubin -inkey "$work/half-1.pem" -rawin -pkeyopt "context-string:$label" -sigfile "$work/half-1.sig" -in "$work/message" >/dev/null 2>&1 || return 1
  case $how in
    raw) "$openssl" pkeyutl -verify -pubin -inkey "$work/half-2.pem" -rawin -sigfile "$work/half-2.sig" -in "$work/message" >/dev/null 2>&1 ;;
    pss) "$openssl" dgst "-$hash" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -verify "$work/half-2.pem" -signature "$work/half-2.sig" "$work/message" >/dev/null 2>&1 ;;
    *) "$openssl" dgst "-$hash" -verify "$work/half-2.pem" -signature "$work/half-2.sig" "$work/message" >/dev/null 2>&1 ;;
  esac
}
p256=3059301306072a8648ce3d020106082a8648ce3d030107034200
p384=3076301006072a8648ce3d020106052b81040022036200

# statement TEXT-FILE KIND ABOUT: the officer into $who; otherwise $why. ABOUT is whole lines.
statement() {
  read_sheet "$1" agentpki-statement/1 || {
    why="the statement cannot be read: $why"
    return 1
  }
  fact officer
  who=$value
  case $who in '' | *[!a-z0-9-]*) who=- ;; esac
  case " $officers " in
    *" $who "*) ;;
    *)
      why="'$value' is no officer of this roster"
      return 1
      ;;
  esac
  fact key
  statement_key=$value
  case " $fingerprints " in
    *" $who=$statement_key "*) ;;
    *)
      why="the statement of $who names another key than the roster"
      return 1
      ;;
  esac
  case " $algorithms " in
    *" $who="*) statement_algorithm=${algorithms##*" $who="} && statement_algorithm=${statement_algorithm%% *} ;;
  esac
  if ! is_signed "$work/$people-$who.pem" "$statement_algorithm" "${1%.txt}.sig" "$1"; then
    [ "$why" != "the signature is not that of its key" ] || why="the signature is not that of $who: the statement was changed, or somebody else signed it"
    return 1
  fi
  fact statement
  if [ "$value" != "$2" ]; then
    why="$who has signed '$value', not '$2'"
    return 1
  fi
  statement_rest=$3
  while [ -n "$statement_rest" ]; do
    statement_line=${statement_rest%%"$nl"*} statement_rest=${statement_rest#*"$nl"}
    fact "${statement_line%%": "*}"
    if [ "$value" != "${statement_line#*": "}" ]; then
      why="$who has signed for another ${statement_line%%": "*}: ${value:-none}, not ${statement_line#*": "}"
      return 1
    fi
  done
  fact time
  is_time "$value" || {
    why="the statement of $who has no time"
    return 1
  }
  if [ "$sheet" != "agentpki-statement/1${nl}statement: $2$nl$3officer: $who${nl}key: $statement_key${nl}time: $value$nl" ]; then
    why="the statement of $who says more than was asked"
    return 1
  fi
}

# is_time TEXT: the instant as one number into $instant.
is_time() {
  case $1 in
    [0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z) 
      instant=${1%%-*} instant_rest=${1#*-}
      instant=$instant${instant_rest%%-*} instant_rest=${instant_rest#*-}
      instant=$instant${instant_rest%%T*} instant_rest=${instant_rest#*T}
      instant=$instant${instant_rest%%:*} instant_rest=${instant_rest#*:}
      instant=$instant${instant_rest%%:*} instant_rest=${instant_rest#*:}
      instant=$instant${instant_rest%Z}
      ;;
    *) return 1 ;;
  esac
}

# add LIST NAME: whether NAME is new in $have, where it is then.
add() {
  case " $have " in *" $1 "*) return 1 ;; esac
  have="$have${have:+ }$1"
}

count() {
  # shellcheck disable=SC2086 # names without blanks, one word each
  set -- $1
  count=$#
}

# ---- 0. what lies in the folder -----------------------------------------------------------------------------------------------------------

case $0 in */*) folder=${0%/*} ;; *) folder=. ;; esac
[ $# -eq 0 ] || folder=$1
wanted=${2:-}
if [ $# -gt 2 ] || { [ -n "$wanted" ] && ! is_digest "$wanted"; }; then
  say "usage: sh verify.sh [FOLDER [SHA256-OF-THE-PLAN]]   (the digest: 64 digits 0-9 a-f)"
  exit 2
fi
case $folder in -*) folder=./$folder ;; esac
cd "$folder" || exit 2
version=$("$openssl" version) || {
  say "verify.sh: there is no openssl ($openssl)"
  exit 2
}
has_ml_dsa=no
case $("$openssl" list -signature-algorithms 2>/dev/null) in *ML-DSA-65*) has_ml_dsa=yes ;; esac
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
printf 'Verifying %s with %s\n\n' "$(clean "$(pwd -P)")" "$version"

# Only files, none of them a link, and none that is not to be where it is: nothing else is opened.
list() {
  for entry in "$1"* "$1".[!.]* "$1"..?*; do
    [ -e "$entry" ] || [ -h "$entry" ] || continue
    case $entry in
      *[!A-Za-z0-9._/-]*) give_up "a file's name has characters that no file of a ceremony has: $entry" ;;
    esac
    if [ -h "$entry" ]; then
      give_up "$entry is a link; evidence is files"
    elif [ -d "$entry" ]; then
      case $entry in
        records | statements | officers | artifacts | ledger) list "$entry/" ;;
        *) give_up "$entry is a folder that no ceremony has" ;;
      esac
    elif [ ! -f "$entry" ]; then
      give_up "$entry is not a file"
    elif [ ! -s "$entry" ]; then
      give_up "$entry is empty"
    else
      files=$files$entry$nl
      set -- "$@" "$entry"
    fi
  done
  shift
  [ $# -eq 0 ] || digests=$digests$(sha256sum "$@")$nl sizes=$sizes$(wc -c "$@")$nl
}
files=$nl digests=$nl sizes=$nl
list ''
is_here() { case $files in *"$nl$1$nl"*) ;; *) return 1 ;; esac; }
named=${nl}plan.txt${nl}script.yaml${nl}transcript.pem${nl}minutes.html${nl}verify.sh$nl
name() { named=$named$1$nl; }

# ---- 1. the plan --------------------------------------------------------------------------------------------------------------------------

say "1. The plan"
for file in plan.txt script.yaml transcript.pem records/000000.txt; do
  is_here "$file" || give_up "$file is missing"
done
read_sheet plan.txt agentpki-plan/1 || give_up "plan.txt cannot be read: $why"
plan=$sheet
digest_of plan.txt
plan_sha256=$digest
fact ceremony
ceremony=$value
case $ceremony in *[!0-9a-f]*) give_up "plan.txt names no ceremony" ;; esac
[ ${#ceremony} -eq 32 ] || give_up "plan.txt names no ceremony"
fact title
ok "$value"
fact home
home=$value
fact rehearsal
rehearsal=$value
case $rehearsal in yes) ok "a rehearsal at $home" ;; no) ok "held at $home" ;; *) give_up "plan.txt does not say whether it was a rehearsal" ;; esac
words_of "$plan_sha256"
ok "ceremony $ceremony"
ok "SHA-256 of the plan: $plan_sha256"
ok "in words: $words"
if [ -n "$wanted" ]; then
  if [ "$wanted" = "$plan_sha256" ]; then
    ok "that is the digest that you gave"
  else
    problem "the plan's digest is $plan_sha256, and not $wanted: it is another plan than the one that was approved"
  fi
else
  remark "compare the digest with the one that people who were there wrote down"
fi
digest_of script.yaml
fact script-sha256
if [ "$digest" = "$value" ]; then
  ok "script.yaml is the script that the plan was made of"
else
  problem "script.yaml is not the one that the plan was made of: it was changed"
fi

# Officers and steps, in the only order in which a plan has them.
fact quorum
quorum=$value
is_number "$quorum" && [ "$quorum" -ge 2 ] && [ "$quorum" -le 16 ] || give_up "plan.txt: a quorum of $quorum is none"
officers='' fingerprints='' algorithms='' receivings='' steps=0
rest=${plan#*"$nl"}
for expected in ceremony title created software home rehearsal script-sha256 quorum; do
  [ "${rest%%": "*}" = "$expected" ] || give_up "plan.txt: '$expected' is not where it belongs"
  rest=${rest#*"$nl"}
done
fact created
is_time "$value" || give_up "plan.txt: its time is none"
while [ -n "$rest" ]; do
  line=${rest%%"$nl"*}
  key=${line%%": "*}
  case $key in
    officer.*)
      officer=${key#officer.}
      case $officer in *[!a-z0-9-]*) give_up "plan.txt: '$officer' is no officer's name" ;; esac
      [ ${#officer} -le 32 ] || give_up "plan.txt: '$officer' is no officer's name"
      [ "$steps" -eq 0 ] || give_up "plan.txt: officers stand before the steps"
      for expected in '' .algorithm .signing-key .receiving-key .signature; do
        [ "${rest%%": "*}" = "officer.$officer$expected" ] || give_up "plan.txt: the keys of officer $officer are not where they belong"
        rest=${rest#*"$nl"}
      done
      fact "officer.$officer"
      full_name=$value
      fact "officer.$officer.receiving-key"
      printf '%s' "$value" | base64 -d >"$work/receiving.der" 2>/dev/null || give_up "plan.txt: the receiving key of $officer is none"
      digest_of "$work/receiving.der"
      receiving=$digest
      fact "officer.$officer.signature"
      printf '%s' "$value" | base64 -d >"$work/officer.sig" 2>/dev/null || give_up "plan.txt: the signature of $officer is none"
      fact "officer.$officer.signing-key"
      printf '%s' "$value" | base64 -d >"$work/signing.der" 2>/dev/null || give_up "plan.txt: the signing key of $officer is none"
      digest_of "$work/signing.der"
      pem_of "$value" >"$work/officer-$officer.pem"
      algorithm_of "$(hex_of "$work/signing.der")"
      fact "officer.$officer.algorithm"
      case $value in
        "$algorithm" | "$algorithm"-44 | "$algorithm"-65 | "$algorithm"-87) ;;
        *) [ "$algorithm" = unknown ] || problem "plan.txt: the key of $officer is of another kind ($algorithm) than the plan says ($value)" ;;
      esac
      printf 'agentpki-officer/1\nname: %s\nfull-name: %s\nsigning-key: %s\nreceiving-key: %s\n' "$officer" "$full_name" "$digest" "$receiving" >"$work/officer.txt"
      case "$fingerprints $receivings " in *"=$digest "* | *"=$receiving "*) problem "two officers have the same key: that is one person twice" ;; esac
      if is_signed "$work/officer-$officer.pem" "$algorithm" "$work/officer.sig" "$work/officer.txt"; then
        ok "officer $officer ($full_name), $value key $digest"
      else
        problem "officer $officer: $why"
      fi
      officers="$officers${officers:+ }$officer"
      fingerprints="$fingerprints $officer=$digest"
      receivings="$receivings $officer=$receiving"
      algorithms="$algorithms $officer=$algorithm"
      name "officers/$officer.pem"
      if ! is_here "officers/$officer.pem"; then
        problem "officers/$officer.pem is missing"
      else
        digest_of "$work/officer-$officer.pem"
        officer_pem=$digest
        digest_of "officers/$officer.pem"
        [ "$digest" = "$officer_pem" ] || problem "officers/$officer.pem is not the key that the plan has"
      fi
      ;;
    "step.$((steps + 1))")
      steps=$((steps + 1))
      rest=${rest#*"$nl"}
      [ "${rest%%": "*}" = "step.$steps.quorum" ] || give_up "plan.txt: step $steps has no quorum"
      rest=${rest#*"$nl"}
      ;;
    "step.$steps."*) rest=${rest#*"$nl"} ;;
    *) give_up "plan.txt: '$key' is not where it belongs" ;;
  esac
done
count "$officers"
members=$count
if [ "$quorum" -gt "$members" ] || [ "$members" -gt 16 ]; then
  give_up "plan.txt: a quorum of $quorum of $members officers is none"
fi
[ "$steps" -gt 0 ] || give_up "plan.txt has no step"
step=1
while [ "$step" -le "$steps" ]; do
  fact "step.$step.quorum"
  is_number "$value" && [ "$value" -ge 2 ] && [ "$value" -le "$members" ] || problem "plan.txt: a quorum of $value for step $step is none"
  step=$((step + 1))
done
ok "$quorum of $members officers decide; $steps steps"

# ---- 2. the records -----------------------------------------------------------------------------------------------------------------------

printf '\n'
say "2. The records"
key_hex=$("$openssl" pkey -pubin -in transcript.pem -outform DER 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
algorithm_of "$key_hex"
[ "$algorithm" = ecdsa-sha256 ] || give_up "transcript.pem is not the public key of a transcript"
octets "$key_hex" >"$work/transcript.der"
pem_of "$(base64 <"$work/transcript.der" | tr -d '\n')" >"$work/transcript.pem"
digest_of "$work/transcript.pem"
transcript_pem=$digest
digest_of transcript.pem
[ "$digest" = "$transcript_pem" ] || give_up "transcript.pem says more than a key"
digest_of "$work/transcript.der"
transcript_key=$digest
about_plan="ceremony: $ceremony${nl}plan-sha256: $plan_sha256${nl}transcript-key-sha256: $transcript_key$nl"

approved='' step='' about_step='' step_have='' step_need=0 next=1 closed=no last=0 tokens=$nl keys='' certificates=0 lists=0 checkpoint_key='' kind='' before='' accepted_roster=''

# count_approval KIND ABOUT: of the record in $sheet, into $have.
count_approval() {
  fact statement
  file=$value
  fact officer
  record_officer=$value
  case $record_officer in '' | *[!a-z0-9-]*) record_officer=- ;; esac
  if [ "$file" != "statements/$number6-$record_officer.txt" ] || ! is_here "$file" || ! is_here "${file%.txt}.sig"; then
    problem "record $number names a statement that is not there ($file)"
    return
  fi
  name "$file"
  name "${file%.txt}.sig"
  digest_of "$file"
  fact statement-sha256
  [ "$digest" = "$value" ] || {
    problem "the statement $file is not the one that record $number names: it was changed"
    return
  }
  digest_of "${file%.txt}.sig"
  fact signature-sha256
  [ "$digest" = "$value" ] || {
    problem "the statement $file is not the one that record $number names: it was changed"
    return
  }
  if ! statement "$file" "$1" "$2"; then
    problem "record $number: the approval does not count: $why"
  elif [ "$who" != "$record_officer" ]; then
    problem "record $number names $record_officer, and the approval is another officer's"
  elif ! add "$who"; then
    problem "record $number: the approval does not count: $who counts already: a second officer is needed"
  else
    ok "record $number: $who approves $3"
  fi
  sheet=$record
}

# A new officer states that he takes the office, with the key of the file that the record names.
check_accepted() {
  fact officer
  accepted=$value
  case $accepted in '' | *[!a-z0-9-]*) accepted=- ;; esac
  fact file
  accepted_key=
  if is_here "$value"; then
    while IFS= read -r line; do
      case $line in *'"signingKey": "'*'",'*)
        accepted_key=${line#*'"signingKey": "'}
        accepted_key=${accepted_key%%'"'*}
        ;;
      esac
    done <"$value"
  fi
  # JSON writes + as \u002B.
  while :; do
    case $accepted_key in *\\u002B*) accepted_key=${accepted_key%%\\u002B*}+${accepted_key#*\\u002B} ;; *) break ;; esac
  done
  printf '%s' "$accepted_key" | base64 -d >"$work/accepted.der" 2>/dev/null || :
  digest_of "$work/accepted.der"
  pem_of "$accepted_key" >"$work/accepted-$accepted.pem"
  algorithm_of "$(hex_of "$work/accepted.der")"
  plan_officers=$officers plan_fingerprints=$fingerprints plan_algorithms=$algorithms
  officers=$accepted fingerprints="$accepted=$digest" algorithms=" $accepted=$algorithm" people=accepted have=''
  sheet=$record
  fact statement
  accepted_roster=none
  if is_here "$value" && read_sheet "$value" agentpki-statement/1 && fact roster-sha256; then
    accepted_roster=$value
  fi
  sheet=$record
  count_approval accept-office "ceremony: $ceremony${nl}roster-sha256: $accepted_roster$nl" "the office that is given to him"
  officers=$plan_officers fingerprints=$plan_fingerprints algorithms=$plan_algorithms people=officer
}

# Anything that was done belongs to a step that a quorum had approved.
check_allowed() {
  fact step
  count "$step_have"
  if [ -z "$step" ] || [ "$value" != "$step" ] || [ "$count" -lt "$step_need" ]; then
    problem "record $number ($kind) was made when $count officers had approved step ${value:-(none)}; the plan wants $step_need"
  fi
}

check_token() {
  fact token
  token=$value
  fact serial
  case $tokens in
    *"$nl$token$tab"*)
      earlier=${tokens##*"$nl$token$tab"}
      earlier=${earlier%%"$nl"*}
      [ "$kind" = token-initialised ] || [ "$earlier" = "$value" ] || problem "record $number: token '$token' has the serial number ${value:-(none)}; earlier it had ${earlier:-(none)}: it was exchanged"
      ;;
  esac
  tokens=$tokens$token$tab$value$nl
}

check_file() {
  fact file || return
  file=$value
  fact sha256
  case $file in
    artifacts/*/* | artifacts/. | artifacts/..) is_artifact=no ;;
    artifacts/*) is_artifact=yes ;;
    *) is_artifact=no ;;
  esac
  if [ $is_artifact = no ] || ! is_here "$file"; then
    problem "$file, which record $number names, is missing"
    return
  fi
  name "$file"
  digest_of "$file"
  if [ "$digest" != "$value" ]; then
    problem "$file is not the file that record $number names: it was changed"
  elif [ "$kind" = certificate ]; then
    check_certificate
  else
    ok "record $number: $file is the file that it names"
    fact what
    case $kind:$value in
      object:'certification request') check_request ;;
      object:'certificate revocation list') note_list ;;
    esac
  fi
}

# What to say where this openssl cannot judge.
unknown_kind="set OPENSSL to one of 3.5 or newer"

# A request is signed by its own key.
check_request() {
  if ! part "$file" 3 >"$work/key.der"; then
    problem "$file is no certification request"
    return
  fi
  digest_of "$work/key.der"
  fact public-key-sha256
  [ "$digest" = "$value" ] || problem "record $number does not describe $file"
  algorithm_of "$(hex_of "$work/key.der")"
  if ! can_judge "$algorithm"; then
    problem "record $number: this openssl ($version) does not know the kind of key that signed $file: $unknown_kind"
  elif open_object "$file" && is_object_signed "$work/key.der"; then
    ok "record $number: $file is signed by its own key"
    case $("$openssl" asn1parse -inform DER -in "$file") in *:2.5.29.74*) remark "$file has a second, alternative signature, which openssl does not verify; 'agentpki ceremony verify' does" ;; esac
  else
    problem "record $number: $file is not signed by its own key"
  fi
}

# The CA that signed a CRL may be recorded after it: lists are judged when all certificates are there.
note_list() {
  if ! part "$file" 3 >"$work/list-issuer-$((lists + 1))"; then
    problem "$file is no CRL"
    return
  fi
  lists=$((lists + 1))
  fact crl-number
  printf '%s %s %s\n' "$number" "$value" "$file" >"$work/list-$lists"
}

check_certificate() {
  pem=$work/certificate-$((certificates + 1)).pem
  if ! "$openssl" x509 -inform DER -in "$file" -out "$pem" 2>/dev/null || ! part "$file" 7 >"$work/key.der"; then
    problem "$file is no certificate"
    return
  fi
  certificates=$((certificates + 1))
  cp "$work/key.der" "$work/key-$certificates.der"
  digest_of "$work/key.der"
  fact public-key-sha256
  [ "$digest" = "$value" ] || problem "record $number does not describe $file"
  algorithm_of "$(hex_of "$work/key.der")"
  part "$file" 4 >"$work/issuer-$certificates"
  part "$file" 6 >"$work/subject-$certificates"
  fact external-issuer
  printf '%s' "$value" >"$work/external-$certificates"
  fact made
  printf '%s %s %s %s\n' "$number" "$digest" "$algorithm" "$value" >"$work/certificate-$certificates"
  printf '%s' "$file" >"$work/file-$certificates"
}

number=0 head=$zeros
while number6=00000$number && number6=${number6#"${number6%??????}"} && is_here "records/$number6.txt"; do
  record_file=records/$number6.txt
  if ! read_sheet "$record_file" agentpki-transcript/1; then
    problem "$record_file: $why"
    break
  fi
  record=$sheet
  fact record
  kind=$value
  fact number
  [ "$value" = "$number" ] || problem "$record_file is record $value: records were exchanged or removed"
  fact previous
  [ "$value" = "$head" ] || problem "$record_file does not follow the record before it: a record was changed, removed or inserted"
  fact ceremony
  [ "$value" = "$ceremony" ] || problem "$record_file is of another ceremony ($value)"
  fact time
  if ! is_time "$value"; then
    problem "$record_file has no time"
  else
    [ "$instant" -ge "$last" ] || remark "the clock was set back before record $number"
    last=$instant
  fi
  if ! is_here "records/$number6.sig" || ! is_signed transcript.pem ecdsa-sha256 "records/$number6.sig" "$record_file"; then
    problem "$record_file is not signed by the transcript's key: it was changed"
  fi
  name "$record_file"
  name "records/$number6.sig"
  digest_of "$record_file"
  head=$digest

  if [ "$closed" = yes ] && [ "$kind" != resumed ] && { [ "$kind" != closed ] || [ "$before" = closed ]; }; then
    problem "record $number: there are records after the end"
  fi
  case $kind in
    opened)
      [ "$number" -eq 0 ] || problem "the ceremony is opened twice"
      fact plan-sha256
      [ "$value" = "$plan_sha256" ] || problem "the plan is not the one that the ceremony was opened with: it was changed"
      fact transcript-key-sha256
      [ "$value" = "$transcript_key" ] || problem "transcript.pem is not the key that the ceremony was opened with"
      ;;
    plan-approved)
      have=$approved
      count_approval approve-plan "$about_plan" "the plan"
      approved=$have
      ;;
    step-begun)
      count "$approved"
      fact step
      [ "$count" -ge "$quorum" ] || problem "record $number: step $value began when $count of $quorum officers had approved the plan"
      step=$value step_have=''
      about_step="ceremony: $ceremony${nl}plan-sha256: $plan_sha256${nl}step: $step${nl}head-sha256: $head$nl"
      fact kind
      step_kind=$value
      sheet=$plan
      fact "step.$step.quorum"
      step_need=${value:-0}
      fact "step.$step"
      [ "$step" = "$next" ] && [ "$step_kind" = "$value" ] || problem "record $number is of step $step ($step_kind), where step $next of the plan belongs"
      sheet=$record
      ;;
    step-approved)
      fact step
      if [ -z "$step" ] || [ "$value" != "$step" ]; then
        problem "record $number approves step $value, which had not begun"
      else
        have=$step_have
        count_approval approve-step "$about_step" "step $step"
        step_have=$have
      fi
      ;;
    step-stopped | resumed) step='' step_have='' ;;
    step-done)
      check_allowed
      fact step
      [ "$value" = "$next" ] || problem "record $number is of step $value, where step $next of the plan belongs"
      ok "record $number: step $next is done"
      next=$((next + 1)) step='' step_have=''
      ;;
    note) check_file ;;
    closed) closed=yes ;;
    *)
      check_allowed
      case $kind in
        token | token-initialised) check_token ;;
        officer-accepted) check_accepted ;;
        object)
          fact what
          if [ "$value" = officers ]; then
            fact sha256
            [ -z "$accepted_roster" ] || [ "$accepted_roster" = "$value" ] || problem "record $number: a new officer took an office among other officers"
            accepted_roster=
          fi
          ;;
        key)
          fact public-key-sha256
          keys="$keys $value"
          fact owner
          if [ "$value" = checkpoint ]; then
            fact public-key-sha256
            checkpoint_key=$value
          fi
          ;;
      esac
      check_file
      ;;
  esac
  [ "$number" -gt 0 ] || [ "$kind" = opened ] || problem "the first record does not open this ceremony"
  before=$kind
  number=$((number + 1))
done
ok "$number records, each naming the one before it, signed by the key that the officers named; SHA-256 of the last: $head"
[ -z "$accepted_roster" ] || problem "a new officer took an office among officers whom no record names"
if [ "$closed" = yes ]; then
  [ "$next" -eq $((steps + 1)) ] || problem "the ceremony is closed, and step $next was not done"
  [ "$kind" = closed ] || problem "there are records after the end"
else
  problem "the ceremony is not closed: $((next - 1)) of $steps steps are done"
fi

# ---- 3. the certificates ------------------------------------------------------------------------------------------------------------------

printf '\n'
say "3. The certificates"
[ $certificates -gt 0 ] || ok "none was made"
# find_issuer NAME-FILE JUDGE: which certificate, whose subject is that name, signed what is in $file: $signed, $candidates, $unknown. Roots and their
# successors share a name, and are recorded more than once: a key is tried once. JUDGE has the last word about certificate $two.
find_issuer() {
  digest_of "$1"
  issuer_name=$digest candidates=0 signed=no unknown=no tried=''
  open_object "$file" || :
  two=1
  while [ $two -le $certificates ] && [ $signed = no ]; do
    digest_of "$work/subject-$two"
    if [ "$digest" = "$issuer_name" ]; then
      candidates=$((candidates + 1))
      IFS=' ' read -r _ issuer_key issuer_algorithm _ <"$work/certificate-$two"
      can_judge "$issuer_algorithm" || unknown=yes
      case $tried in
        *"$issuer_key"*) ;;
        *)
          is_object_signed "$work/key-$two.der"
          object_signed=$?
          if [ "$object_signed" -eq 1 ]; then
            tried="$tried $issuer_key"
          elif "$2"; then
            signed=yes
          fi
          ;;
      esac
    fi
    two=$((two + 1))
  done
}

# Certificate $one: the path, where openssl can. It takes a certificate that it is told to trust for good as it is, which one that names its own subject as
# issuer would otherwise be: the signature was looked at before, or the two are not the same.
is_certified() {
  if [ "$object_signed" -eq 0 ]; then
    # openssl finds no path where it knows neither the kind of the key nor that of the signature.
    case $object_algorithm:$algorithm in 300a06082b060105050706*:* | *:composite) may_certify "$work/certificate-$two.pem" && return 0 ;; esac
  else
    digest_of "$work/certificate-$one.pem"
    this_pem=$digest
    digest_of "$work/certificate-$two.pem"
    [ "$digest" != "$this_pem" ] || return 1
  fi
  "$openssl" verify -partial_chain -no_check_time -ignore_critical -check_ss_sig -trusted "$work/certificate-$two.pem" "$work/certificate-$one.pem" >/dev/null 2>&1
}
may_certify() {
  case $("$openssl" x509 -noout -ext basicConstraints,keyUsage -in "$1" 2>/dev/null) in *CA:TRUE*'Certificate Sign'* | *'Certificate Sign'*CA:TRUE*) ;; *) return 1 ;; esac
}

# A CRL.
is_list_signed() {
  [ "$object_signed" -ne 0 ] || return 0
  case $("$openssl" crl -inform DER -in "$file" -noout -CAfile "$work/certificate-$two.pem" 2>&1) in *erify\ OK*) ;; *) return 1 ;; esac
}

one=1
while [ $one -le $certificates ]; do
  IFS=' ' read -r number made_key algorithm made <"$work/certificate-$one"
  file=$(cat "$work/file-$one")
  find_issuer "$work/issuer-$one" is_certified
  subject=$("$openssl" x509 -noout -subject -nameopt RFC2253 -in "$work/certificate-$one.pem")
  if [ $signed = yes ]; then
    digest_of "$file"
    words_of "$digest"
    ok "$(clean "$file: ${subject#subject=}")"
    ok "  signed as its issuer here says; SHA-256 $digest"
    ok "  in words: $words"
    case $("$openssl" asn1parse -inform DER -in "$file") in *:2.5.29.74*) remark "$file has a second, alternative signature, which openssl does not verify; 'agentpki ceremony verify' does" ;; esac
  elif [ $candidates -eq 0 ]; then
    if [ -s "$work/external-$one" ]; then
      remark "$file is signed by $(cat "$work/external-$one"), whose certificate is not here"
    else
      problem "record $number: the certificate of the issuer of $file is not here"
    fi
  elif [ $unknown = yes ]; then
    problem "record $number: this openssl ($version) does not know the kind of key that signed $file: $unknown_kind"
  else
    problem "record $number: $file is not signed by its issuer"
  fi
  if [ "$made" = now ]; then
    case "$keys " in *" $made_key "*) ;; *) problem "record $number: no record says where the key of $file was made" ;; esac
  fi
  one=$((one + 1))
done

one=1
while [ $one -le $lists ]; do
  IFS=' ' read -r number crl_number file <"$work/list-$one"
  find_issuer "$work/list-issuer-$one" is_list_signed
  if [ $signed = yes ]; then
    ok "$(clean "$file"): signed by its issuer"
    case $("$openssl" asn1parse -inform DER -in "$file" 2>/dev/null) in *:2.5.29.74*) remark "$file has a second, alternative signature, which openssl does not verify; 'agentpki ceremony verify' does" ;; esac
    value=$("$openssl" crl -inform DER -in "$file" -noout -crlnumber 2>/dev/null)
    case $value in
      crlNumber=0x*[!0-9A-Fa-f]* | crlNumber=0x) value= ;;
      crlNumber=0x*) value=$((${value#crlNumber=})) ;;
      crlNumber=*[!0-9A-Fa-f]* | crlNumber=) value= ;;
      crlNumber=*) value=$((0x${value#crlNumber=})) ;; # as openssl 1.1.1 prints it
    esac
    [ "$value" = "$crl_number" ] || problem "record $number does not describe $file"
  elif [ $candidates -eq 0 ]; then
    problem "record $number: the certificate of the issuer of $file is not here"
  elif [ $unknown = yes ]; then
    problem "record $number: this openssl ($version) does not know the kind of key that signed $file: $unknown_kind"
  else
    problem "record $number: $file is not signed by its issuer"
  fi
  one=$((one + 1))
done

# ---- 4. the end: minutes and officers -----------------------------------------------------------------------------------------------------

printf '\n'
say "4. The end"
closers=''
if [ "$closed" = yes ]; then
  if ! is_here minutes.html; then
    problem "minutes.html is missing"
  else
    digest_of minutes.html
    minutes=$digest
    about_end="ceremony: $ceremony${nl}plan-sha256: $plan_sha256${nl}head-sha256: $head${nl}minutes-sha256: $minutes$nl"
    for file in statements/close-*.txt; do
      is_here "$file" || continue
      if ! is_here "${file%.txt}.sig"; then
        problem "${file%.txt}.sig is missing"
        continue
      fi
      name "$file"
      name "${file%.txt}.sig"
      have=$closers
      if ! statement "$file" close "$about_end"; then
        problem "$file: $why"
      elif [ "$file" != "statements/close-$who.txt" ]; then
        problem "$file is the statement of $who"
      elif add "$who"; then
        ok "$who has signed the last record and the minutes"
      fi
      closers=$have
    done
    count "$closers"
    [ "$count" -ge "$quorum" ] || problem "$count of $quorum officers have signed the end"
    if is_here verify.sh; then
      digest_of verify.sh
      case $(tr -d ' \n' <minutes.html) in
        *"$digest"*) ok "verify.sh in the folder is the one that the minutes name" ;;
        *) problem "verify.sh is not the one that the minutes name: it was exchanged" ;;
      esac
    else
      problem "verify.sh is missing"
    fi
  fi
fi

# ---- 5. the ledger ------------------------------------------------------------------------------------------------------------------------

printf '\n'
say "5. The ledger"

# take COUNT: that many hexadecimal digits of $details into $taken.
take() {
  [ ${#details} -ge "$1" ] || return 1
  taken=$(printf "%.${1}s" "$details")
  details=${details#"$taken"}
}
take_number() { take 8 && case $taken in 00*) taken=$((0x$taken)) ;; *) return 1 ;; esac; }
take_text() { take_number && take $((taken * 2)); }

# detail NAME: of the entry, its value in hexadecimal into $found.
detail() {
  details=$all_details found=
  take 2 && [ "$taken" = 01 ] && take_text && take_number || return 1
  detail_left=$taken
  detail_name=$(hex_of_text "$1")
  while [ "$detail_left" -gt 0 ]; do
    take_text || return 1
    detail_this=$taken
    take_text || return 1
    [ "$detail_this" != "$detail_name" ] || found=$taken
    detail_left=$((detail_left - 1))
  done
  [ -z "$details" ] && [ -n "$found" ]
}
check_detail() {
  if ! detail "$1" || [ "$found" != "$(hex_of_text "$2")" ]; then
    problem "the ledger's entry is of another ceremony, plan or transcript ($1)"
  fi
}

node_of() { digest=$(octets "01$1$2" | sha256sum) && digest=${digest%% *}; }

check_ledger() {
  for file in leaf.bin salt.bin details.bin proof.txt; do
    name "ledger/$file"
    if ! is_here "ledger/$file"; then
      problem "ledger/$file is missing: the ceremony was not sealed"
      return
    fi
  done
  # The entry: version 1, log, epoch, index, time, kind 90 (the end of a ceremony), and what it commits to.
  leaf=$(hex_of ledger/leaf.bin)
  case $leaf in 01????????????????????????????????????????????????????????????????????????????????005a*) ;; *) leaf= ;; esac
  [ ${#leaf} -eq 150 ] || {
    problem "the ledger's entry is not the end of a ceremony"
    return
  }
  header=${leaf%????????????????????????????????????????????????????????????????}
  commitment=$({
    printf 'AgentPki ledger commitment v1\n'
    cat ledger/salt.bin
    octets "$header"
    cat ledger/details.bin
  } | sha256sum)
  [ "$header${commitment%% *}" = "$leaf" ] || {
    problem "the ledger's entry is not the end of a ceremony, or its details are not what the leaf commits to: it was changed"
    return
  }
  all_details=$(hex_of ledger/details.bin)
  check_detail ceremony "$ceremony"
  check_detail plan.sha256 "$plan_sha256"
  check_detail head.sha256 "$head"
  check_detail minutes.sha256 "${minutes:-}"
  case $rehearsal in yes) check_detail state rehearsal ;; *) check_detail state held ;; esac
  details=${header#??}
  take 32
  log=$taken
  take 16
  epoch=$((0x$taken))
  take 16
  index=$((0x$taken))
  if ! read_sheet ledger/proof.txt agentpki-ledger-proof/1 || ! fact index || [ "$value" != "$index" ]; then
    problem "ledger/proof.txt is not the proof of that entry"
    return
  fi
  proof=$sheet
  ok "entry $index of log $log, epoch $epoch, commits to this plan, these records and these minutes"
  if ! fact size; then
    if [ -n "$checkpoint_key" ]; then
      problem "this ceremony made the ledger's checkpoint key, and no signed head covers its end"
    else
      remark "the ledger had no checkpoint key: no signed head covers the end of the ceremony yet"
    fi
    return
  fi
  size=$value
  is_number "$size" || size=0
  for file in checkpoint.txt key.pem; do
    name "ledger/$file"
    if ! is_here "ledger/$file"; then
      problem "ledger/$file is missing"
      return
    fi
  done

  # The way from the entry to the root (RFC 9162 section 2.1.3.2).
  digest=$({
    printf '\000'
    cat ledger/leaf.bin
  } | sha256sum)
  digest=${digest%% *}
  fn=$index sn=$((size - 1)) i=1
  [ "$index" -lt "$size" ] || sn=-1
  while fact "path.$i"; do
    is_digest "$value" && [ "$sn" -gt 0 ] || {
      sn=-1
      break
    }
    if [ $((fn & 1)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
      node_of "$value" "$digest"
      while [ $((fn & 1)) -eq 0 ] && [ "$fn" -ne 0 ]; do
        fn=$((fn >> 1)) sn=$((sn >> 1))
      done
    else
      node_of "$digest" "$value"
    fi
    fn=$((fn >> 1)) sn=$((sn >> 1)) i=$((i + 1))
  done
  expected="agentpki-ledger-proof/1${nl}index: $index${nl}size: $size$nl" j=1
  while [ $j -lt $i ]; do
    fact "path.$j"
    expected="${expected}path.$j: $value$nl" j=$((j + 1))
  done
  root=$(octets "$digest" | base64)
  origin=agentpki.internal/log/$log/$epoch
  text="$origin$nl$size$nl$root$nl"
  note=$(cat <ledger/checkpoint.txt && printf .)
  note=${note%.}
  case $note in "$text"*) ;; *) sn=-1 ;; esac
  [ "$sn" -eq 0 ] && [ "$proof" = "$expected" ] || {
    problem "the ledger's entry is not under its checkpoint"
    return
  }

  # The head, and its signature (C2SP signed-note).
  text=${note%%"$nl$nl"*}$nl
  signatures=${note#*"$nl$nl"}
  printf '%s' "$text" >"$work/note.txt"
  key_hex=$("$openssl" pkey -pubin -in ledger/key.pem -outform DER 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
  octets "$key_hex" >"$work/ledger.der"
  algorithm_of "$key_hex"
  pem_of "$(base64 <"$work/ledger.der" | tr -d '\n')" >"$work/ledger.pem"
  digest_of "$work/ledger.pem"
  ledger_pem=$digest
  digest_of ledger/key.pem
  [ "$digest" = "$ledger_pem" ] || problem "ledger/key.pem says more than a key"
  digest_of "$work/ledger.der"
  ledger_key=$digest
  case $algorithm in
    ed25519) key_id=$(octets "$(hex_of_text "$origin")0a01${key_hex#????????????????????????}" | sha256sum) ;;
    ecdsa-*) key_id=$(sha256sum <"$work/ledger.der") && algorithm=ecdsa-sha256 ;;
    *) key_id='' ;;
  esac
  key_id=$(printf '%.8s' "$key_id") head_signed=no
  case $signatures in *"$nl") ;; *) signatures='' ;; esac
  while [ -n "$signatures" ]; do
    line=${signatures%%"$nl"*} signatures=${signatures#*"$nl"}
    case $line in
      "$(printf '\342\200\224') "[!" "]*" "[!" "]*) ;;
      *)
        problem "the ledger's checkpoint has a line that is no signature"
        continue
        ;;
    esac
    line=${line#* }
    [ "${line%% *}" = "$origin" ] || continue
    printf '%s' "${line#* }" | base64 -d >"$work/note.line" 2>/dev/null && [ "$(base64 <"$work/note.line" | tr -d '\n')" = "${line#* }" ] || {
      problem "the ledger's checkpoint has a line that is no signature"
      continue
    }
    head -c 4 "$work/note.line" >"$work/note.id"
    [ "$(hex_of "$work/note.id")" = "$key_id" ] || continue
    tail -c +5 "$work/note.line" >"$work/note.sig"
    if [ "$head_signed" != false ] && is_signed "$work/ledger.pem" "$algorithm" "$work/note.sig" "$work/note.txt"; then
      head_signed=yes
    else
      head_signed=false
    fi
  done
  if [ "$head_signed" != yes ]; then
    problem "the ledger's checkpoint is not signed by its key"
  elif [ -z "$checkpoint_key" ]; then
    ok "it is under the head of $size entries, which the key $ledger_key has signed"
    remark "that key was not made in this ceremony: compare it with the one that the ledger's readers have"
  elif [ "$checkpoint_key" != "$ledger_key" ]; then
    problem "the ledger's checkpoint is signed by another key than the one that this ceremony made"
  else
    ok "it is under the head of $size entries, which the key that this ceremony made has signed"
  fi
}
check_ledger

# ---- 6. nothing else ----------------------------------------------------------------------------------------------------------------------

printf '\n'
say "6. Nothing else"
rest=${files#"$nl"}
while [ -n "$rest" ]; do
  file=${rest%%"$nl"*} rest=${rest#*"$nl"}
  case $named in
    *"$nl$file$nl"*) ;;
    *) problem "$file is named by no record: it was added, or what named it was removed" ;;
  esac
done
[ "$wrong" -gt 0 ] || ok "every file in the folder is named by the records"

if [ "$wrong" -gt 0 ]; then
  printf '\nNOT VERIFIED: %s things are wrong.\n' "$wrong"
  exit 1
fi
printf '\nVERIFIED. Plan %s, carried out at %s%s, its end signed by: %s.\n' "$plan_sha256" "$home" "$([ "$rehearsal" = no ] || printf ' as a rehearsal')" "$closers"
