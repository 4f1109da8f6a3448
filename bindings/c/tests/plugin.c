/*
 * A host that loads the shared library as a plugin and closes it: the library stays, because threads may be at work in it.
 *   plugin PATH-OF-LIBRARY
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const char *path = argc == 2 ? argv[1] : "";
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL || dlsym(library, "comity_abi_version") == NULL) {
        fprintf(stderr, "plugin.c: %s is not to be loaded\n", path);
        return 1;
    }
    dlclose(library);
    if (dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL) {
        fprintf(stderr, "plugin.c: %s is gone\n", path);
        return 1;
    }
    return 0;
}
