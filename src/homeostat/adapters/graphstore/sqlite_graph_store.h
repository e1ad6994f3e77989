// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "homeostat/graph/graph_store.h"

namespace homeostat::adapters {

/// The graph in one SQLite file, in WAL mode with synchronous=full: what was saved survives a kill and a
/// loss of power. The tables `node` and `edge` have the record as JSON beside its key, for people to query.
class SqliteGraphStore final : public graph::GraphStore {
public:
    /// Opens or creates the file. Errors: `unavailable` (no such folder, not writable, locked by another
    /// process for more than a second), `data_loss` (no SQLite file), `failed_precondition` (written by a
    /// newer version), `resource_exhausted` (the disk is full).
    static Result<std::unique_ptr<SqliteGraphStore>> open(const std::string& path);

    ~SqliteGraphStore() override;

    Result<> save(const graph::Records& records) override;
    Result<graph::Records> load() override;

private:
    class Database;
    explicit SqliteGraphStore(std::unique_ptr<Database> database);
    std::unique_ptr<Database> database_;
};

}  // namespace homeostat::adapters
