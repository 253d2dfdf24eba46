// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The sink where nobody reads features.
#include "fuzz/feature_map.h"

namespace gatherfuzz {

uint8_t* FeatureMap() { return nullptr; }

}  // namespace gatherfuzz
