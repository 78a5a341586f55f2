// What an Identity holds; for this room.
#pragma once
#include "wrap/tls/handles.hpp"

namespace ms2m::tls {

struct Keys {
  Key key;
  Certificate certificate;
};

}  // namespace ms2m::tls
