#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# OpenTelemetry's SDK for Python exports to Homeostat, over gRPC and over HTTP: all of it must arrive.
source "$(dirname "$0")/../../lib.sh"
source "$(dirname "$0")/sdk.sh"
install_sdk
start_node

export_by grpc "$otlp_grpc" by-grpc
check_arrived "by gRPC" by-grpc
export_by http "$otlp_http" by-http
check_arrived "by HTTP" by-http
check_nothing_lost
