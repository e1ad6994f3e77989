// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "homeostat/base/result.h"

namespace homeostat::kubernetes {

/// Where a cluster's API server is, whom it may be taken for, and who we are to it.
struct ClusterAccess {
    std::string server;           // "https://127.0.0.1:6443", without a slash at the end
    std::string ca_pem;           // authorities that its certificate is trusted by; empty: the system's
    std::string certificate_pem;  // our own, with its key; both empty: none
    std::string key_pem;
    std::string token;                       // bearer token; empty: none
    std::string token_file;                  // read again as it rotates; empty: none
    std::string namespace_name = "default";  // where names without a namespace are looked up
};

/// Reads the text of a kubeconfig and takes `context`, or the current one when that is empty. Files that it
/// names are relative to `folder`. Errors: `invalid_argument` for a text that is no kubeconfig, for a context
/// that is not there, and for what we do not do: exec plugins, auth providers, passwords, proxies and
/// unverified servers; `not_found` for a file that cannot be read.
[[nodiscard]] Result<ClusterAccess> parse_kubeconfig(std::string_view text, std::string_view context,
                                                     const std::string& folder);

/// As parse_kubeconfig(), from a file.
[[nodiscard]] Result<ClusterAccess> read_kubeconfig(const std::string& path, std::string_view context = {});

/// The folder in which a pod finds its service account.
inline constexpr std::string_view kAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The access of a pod by its own service account, as the kubelet lays it out in `folder`; `host` and `port`
/// are the variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. Errors: `failed_precondition` when
/// we are in no pod.
[[nodiscard]] Result<ClusterAccess> read_account(const std::string& folder, std::string_view host,
                                                 std::string_view port);

}  // namespace homeostat::kubernetes
