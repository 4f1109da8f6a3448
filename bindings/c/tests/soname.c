/*
 * The shared library is loaded by a name that ends with the number that it tells, so that a system with two of them gives each program
 * its own. Prints that name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include <comity.h>

int main(void)
{
    char name[64];

    snprintf(name, sizeof name, "libcomity.so.%u", (unsigned)comity_abi_version());
    if (dlopen(name, RTLD_NOW | RTLD_NOLOAD) == NULL) {
        fprintf(stderr, "soname.c: the program was not linked with %s\n", name);
        return 1;
    }
    puts(name);
    return 0;
}
