/* A Modbus server on libmodbus, for tests: its content and its quirks come from a file, what it was asked goes to
   its output.

   modbus-server tcp PORT FILE ADDRESS | modbus-server rtu DEVICE FILE

   Lines of the file:
     coil|discrete|holding|input ADDRESS VALUE...   content, from ADDRESS on
     hole coil|discrete|holding|input FIRST LAST    reads that touch these are refused with exception 2
     most COUNT                                     reads of more are refused with exception 3
     dead UNIT                                      no answer
     refuse UNIT CODE                               an exception for everything
     unit NUMBER                                    the one that answers on a serial line (1)
     delay MILLISECONDS                             before each answer
     quiet                                          no output

   Lines of the output: "connect" at the first request of a connection, "ask UNIT FUNCTION ADDRESS COUNT", and
   "overlap" where another request arrived before the last one was answered. */

#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#define MOST_HOLES 256

struct hole { int function, first, last; };

static struct hole holes[MOST_HOLES];
static int hole_count, most = 2000, delay_ms, rtu_unit = 1, quiet;
static unsigned char dead[256], refused[256], greeted[FD_SETSIZE];
static modbus_mapping_t *content;

static int function_of(const char *table) {
    if (!strcmp(table, "coil")) return 1;
    if (!strcmp(table, "discrete")) return 2;
    if (!strcmp(table, "holding")) return 3;
    if (!strcmp(table, "input")) return 4;
    return 0;
}

static void put(int function, int address, int value) {
    switch (function) {
    case 1: content->tab_bits[address] = (uint8_t)value; break;
    case 2: content->tab_input_bits[address] = (uint8_t)value; break;
    case 3: content->tab_registers[address] = (uint16_t)value; break;
    case 4: content->tab_input_registers[address] = (uint16_t)value; break;
    }
}

static void take_line(char *line) {
    char *word = strtok(line, " \n");
    if (!word) return;
    if (!strcmp(word, "hole")) {
        struct hole *hole = &holes[hole_count++ % MOST_HOLES];
        hole->function = function_of(strtok(NULL, " \n"));
        hole->first = atoi(strtok(NULL, " \n"));
        hole->last = atoi(strtok(NULL, " \n"));
    } else if (!strcmp(word, "most")) {
        most = atoi(strtok(NULL, " \n"));
    } else if (!strcmp(word, "dead")) {
        dead[atoi(strtok(NULL, " \n")) & 255] = 1;
    } else if (!strcmp(word, "refuse")) {
        int unit = atoi(strtok(NULL, " \n")) & 255;
        refused[unit] = (unsigned char)atoi(strtok(NULL, " \n"));
    } else if (!strcmp(word, "unit")) {
        rtu_unit = atoi(strtok(NULL, " \n"));
    } else if (!strcmp(word, "quiet")) {
        quiet = 1;
    } else if (!strcmp(word, "delay")) {
        delay_ms = atoi(strtok(NULL, " \n"));
    } else {
        int function = function_of(word), address = atoi(strtok(NULL, " \n"));
        while ((word = strtok(NULL, " \n"))) put(function, address++ & 0xFFFF, atoi(word));
    }
}

static void load(const char *path) {
    static char line[1 << 20];
    FILE *file = fopen(path, "r");
    if (!file) { perror(path); exit(1); }
    while (fgets(line, sizeof line, file)) take_line(line);
    fclose(file);
}

static int exception_for(int unit, int function, int address, int count) {
    if (refused[unit]) return refused[unit];
    if (count > most) return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    for (int i = 0; i < hole_count && i < MOST_HOLES; i++)
        if (holes[i].function == function && address <= holes[i].last && address + count > holes[i].first)
            return MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS;
    return 0;
}

/* Whether a request waits on any connection: whoever shares the bus has to wait for our answer first. */
static int request_waits(const fd_set *sockets, int highest, int listener) {
    for (int fd = 0; fd <= highest; fd++) {
        int bytes = 0;
        if (fd != listener && FD_ISSET(fd, sockets) && !ioctl(fd, FIONREAD, &bytes) && bytes > 0) return 1;
    }
    return 0;
}

static void answer(modbus_t *ctx, const uint8_t *query, int length, const fd_set *sockets, int highest, int listener) {
    const uint8_t *pdu = query + modbus_get_header_length(ctx);
    int unit = pdu[-1], function = pdu[0];
    int address = pdu[1] << 8 | pdu[2], count = pdu[3] << 8 | pdu[4];
    if (!quiet) printf("ask %d %d %d %d\n", unit, function, address, count);
    if (delay_ms) usleep((useconds_t)delay_ms * 1000);
    if (sockets && request_waits(sockets, highest, listener)) printf("overlap\n");
    if (dead[unit]) return;
    int code = exception_for(unit, function, address, count);
    if (code) modbus_reply_exception(ctx, query, (unsigned)code);
    else modbus_reply(ctx, query, length, content);
}

static void serve_rtu(const char *device) {
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    modbus_t *ctx = modbus_new_rtu(device, 19200, 'N', 8, 1);
    modbus_set_slave(ctx, rtu_unit);
    if (modbus_connect(ctx)) { fprintf(stderr, "%s: %s\n", device, modbus_strerror(errno)); exit(1); }
    printf("ready\n");
    for (;;) {
        int length = modbus_receive(ctx, query);
        if (length > 0) answer(ctx, query, length, NULL, 0, -1);
    }
}

static void serve_tcp(int port, const char *address) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_t *ctx = modbus_new_tcp(address, port);
    int listener = modbus_tcp_listen(ctx, 64);
    if (listener < 0) { fprintf(stderr, "address already in use\n"); exit(1); }
    fd_set sockets, ready;
    FD_ZERO(&sockets);
    FD_SET(listener, &sockets);
    int highest = listener;
    for (;;) {
        ready = sockets;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0) continue;
        for (int fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &ready)) continue;
            if (fd == listener) {
                int accepted = modbus_tcp_accept(ctx, &listener);
                if (accepted < 0) continue;
                FD_SET(accepted, &sockets);
                if (accepted > highest) highest = accepted;
                greeted[accepted] = 0;
                continue;
            }
            modbus_set_socket(ctx, fd);
            int length = modbus_receive(ctx, query);
            if (length > 0 && !greeted[fd]) {
                greeted[fd] = 1;
                printf("connect\n");
            }
            if (length > 0) answer(ctx, query, length, &sockets, highest, listener);
            else if (length < 0) { close(fd); FD_CLR(fd, &sockets); }
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 4 || (argc < 5 && strcmp(argv[1], "rtu"))) {
        fprintf(stderr, "usage: modbus-server tcp PORT FILE ADDRESS | rtu DEVICE FILE\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    content = modbus_mapping_new(65536, 65536, 65536, 65536);
    load(argv[3]);
    if (!strcmp(argv[1], "rtu")) serve_rtu(argv[2]);
    else serve_tcp(atoi(argv[2]), argv[4]);
    return 0;
}
