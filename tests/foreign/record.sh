#!/usr/bin/env bash
# Records tests/transcripts anew: every stock client talks to a fresh appliance through the test harness's recording proxy.
# Look at the difference before committing it: it is what clients in the field will notice.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
./tests/foreign/install.sh
dotnet build AgentPki.sln -c Release -v q -clp:ErrorsOnly
dotnet tests/AgentPki.Integration/bin/Release/net10.0/AgentPki.Integration.dll -noLogo -explicit only -class AgentPki.Integration.Transcripts.TranscriptRecorder
git status --short tests/transcripts
