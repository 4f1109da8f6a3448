/* The functions are those of the library; a target needs a source. */
#include "comityFFI.h"
