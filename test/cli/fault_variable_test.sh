#!/usr/bin/env bash
# $MS2M_FAULT: a build with MS2M_FAULTS refuses a value that is none, any other does not know the variable.
# usage: fault_variable_test.sh MS2M ON|OFF
set -euo pipefail
ms2m=$1 faults=$2
fail() { echo "FAILED: $*" >&2; exit 1; }
status=0
said=$(MS2M_FAULT=7:begin MS2M_OUTPUT='' "$ms2m" version 2>&1) || status=$?
case $faults in
  ON)
    grep -qaF MS2M_FAULT "$ms2m" || fail "there is nothing of MS2M_FAULT in it"
    [[ $status == 2 && $said == *"MS2M_FAULT '7:begin' is not STEP:POINT:MODE with "* ]] || fail "$status: $said"
    MS2M_FAULT=7:begin:kill "$ms2m" version >/dev/null || fail "a good value: $?"
    ;;
  OFF)
    [[ $status == 0 ]] || fail "$status: $said"
    ! grep -qaF MS2M_FAULT "$ms2m" || fail "it knows MS2M_FAULT"
    ;;
  *) fail "neither ON nor OFF: $faults" ;;
esac
