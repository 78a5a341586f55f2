#include "broker/harness.hpp"
