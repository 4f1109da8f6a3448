/*
 * A host with an SQLite of its own, the system's: beside Comity it still gets its own, and both work. Prints the system's version.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <comity.h>
#include <sqlite3.h>

static void check(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "own_sqlite.c: it does not hold that %s\n", what);
        exit(1);
    }
}

/* Whether a function of SQLite's is the system's. The versions need not differ. */
static int is_of_the_system(const char *(*function)(void))
{
    Dl_info where;
    void *address;
    memcpy(&address, &function, sizeof address);
    return dladdr(address, &where) != 0 && strstr(where.dli_fname, "libsqlite3") != NULL;
}

int main(void)
{
    char dir[] = "/tmp/comity-sqlite-XXXXXX", path[64];
    uint8_t key[32] = {7};
    comity_opening *opening;
    comity_client *client;
    sqlite3 *database;

    check(strcmp(sqlite3_libversion(), SQLITE_VERSION) == 0, "the program has the SQLite that it was compiled for");
    check(is_of_the_system(sqlite3_libversion), "it is the system's");
    check(mkdtemp(dir) != NULL, "there is a directory");
    snprintf(path, sizeof path, "%s/client", dir);
    check(comity_opening_app(path, key, sizeof key, &opening, NULL) == COMITY_OK, "there is an opening");
    check(comity_client_create(1, opening, "mimi://a.example/u/a", "mimi://a.example/d/a", &client, NULL) == COMITY_OK,
          "there is a client");
    check(sqlite3_open(":memory:", &database) == SQLITE_OK, "there is a database of the program's");
    check(sqlite3_exec(database, "CREATE TABLE t (a)", NULL, NULL, NULL) == SQLITE_OK, "it works");
    check(sqlite3_close(database) == SQLITE_OK, "it closes");
    check(comity_client_close(client, NULL) == COMITY_OK, "the client closes");
    comity_opening_free(opening);
    check(comity_client_wipe(path, NULL) == COMITY_OK && rmdir(dir) == 0, "nothing is left behind");
    puts(sqlite3_libversion());
    return 0;
}
