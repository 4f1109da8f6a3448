/* The functions are those of the library of the tests; a target needs a source. */
#include "comityTestFFI.h"
