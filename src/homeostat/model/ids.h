// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "homeostat/base/strong_id.h"

namespace homeostat::model {

using ServiceId = StrongId<struct ServiceIdTag>;                  // OpenTelemetry `service.name`
using InstanceId = StrongId<struct InstanceIdTag>;                // OpenTelemetry `service.instance.id`
using DeploymentVersion = StrongId<struct DeploymentVersionTag>;  // OpenTelemetry `service.version`
using IncidentId = StrongId<struct IncidentIdTag>;
using OrderId = StrongId<struct OrderIdTag>;
using PlaybookId = StrongId<struct PlaybookIdTag>;  // name@version
using ModelVersion = StrongId<struct ModelVersionTag>;
using PolicyVersion = StrongId<struct PolicyVersionTag>;

}  // namespace homeostat::model
