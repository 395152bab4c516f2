/* test_select.c: SELECT and STATUS in every way that they have (TS 102 221 11.1.1, 11.1.2). */
#include "test_card.h"

#define FCP_MF                                                                                                         \
    "62298202782183023f00a50c8001718304xxxxxxxx8701018a01058b032f0609c6099001c0830101830181"
#define FCP_ADF   "6229820278218410" USIM_AID "8a01058b032f0609c6099001c0830101830181"
#define FCP_PL    "62178202412183022f058a01058b032f06018002000a880128"
#define FCP_DIR   "621a8205422100280483022f008a01058b032f0602800200a08801f0"
#define FCP_IMSI  "62178202412183026f078a01058b036f060580020009880138"
#define FCP_GBANL "62198205422100b40a83026fda8a01058b036f0605800207088800"
#define FCP_SPN   "62168202412183026f468a01058b036f0602800200118800"
#define FCP_API   "620e8409" API_AID "8a0105"

/* SELECT */

static void test_select_by_identifier(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a40004022f05", FCP_PL "9000"},
        {"00a40004022f00", FCP_DIR "9000"},
        {"00a40004023f00", FCP_MF "9000"},
        {"00a4000c023f00", "9000"},
        {"00a4000c", "9000"},       /* empty: MF */
        {"00a40004", "6700"},       /* but only without an answer */
        {"00a40004026f07", "6a82"}, /* in the USIM, not here */
        {"00a40004027ff0", "6a82"}, /* an ADF is selected by its AID */
        {"00a40004027fff", "6a82"}, /* no application is active */
        {"00a4040c10" USIM_AID, "9000"},
        {"00a40004026f07", FCP_IMSI "9000"},
        {"00a40004026fda", FCP_GBANL "9000"},
        {"00a40004026f46", FCP_SPN "9000"},
        {"00a40004027ff0", FCP_ADF "9000"}, /* the current directory itself */
        {"00a40004022f05", "6a82"},         /* a file of MF is no child and no directory */
        {"00a40004027fff", FCP_ADF "9000"},
        {"00a40004023f00", FCP_MF "9000"},
        {"00a40004022f05", FCP_PL "9000"},
        {"00a40004027fff", FCP_ADF "9000"}, /* the application is still active */
        {"00a4000c013f", "6700"},
        {"00a4000c033f0000", "6700"},
        {"00a40000023f00", "6a86"},
        {"00a40008023f00", "6a86"},
        {"00a4020c023f00", "6a86"},
        {"00a4050c023f00", "6a86"},
        {"00a4ff0c023f00", "6a86"},
    };
    run_on_new_card(exchanges);
}

static void test_select_by_path(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a40804022f05", FCP_PL "9000"},
        {"00a40804047fff6f07", "6a82"}, /* no application is active */
        {"00a40804043f002f05", "6a82"}, /* MF itself is not named */
        {"00a4040c10" USIM_AID, "9000"},
        {"00a40804047fff6f07", FCP_IMSI "9000"},
        {"00a40804022f05", FCP_PL "9000"},
        {"00a40904022f00", FCP_DIR "9000"}, /* from the current directory, which is MF */
        {"00a40904047fff6f07", FCP_IMSI "9000"},
        {"00a40904026f46", FCP_SPN "9000"},
        {"00a40904022f05", "6a82"},
        {"00a40804027fff", FCP_ADF "9000"},
        {"00a40804047ff06f07", "6a82"},
        {"00a40804062f056f076f07", "6a82"}, /* through a file that is no directory */
        {"00a40804042f052f05", "6a82"},
        {"00a40804046f077fff", "6a82"},
        {"00a40804037fff6f", "6700"},
        {"00a40804", "6700"},
        {"00a40804127fff7fff7fff7fff7fff7fff7fff7fff7fff", "6700"},
        {"00a40804107fff7fff7fff7fff7fff7fff7fff7fff", "6a82"},
        {"80f2000000", FCP_ADF "9000"}, /* the ADF was selected last: a failed SELECT changes nothing */
        {"00b0000001", "6986"},
    };
    run_on_new_card(exchanges);
}

static void test_select_parent_and_child(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a40304", FCP_MF "9000"}, /* above MF is MF */
        {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026f07", "9000"},
        {"00a40304", FCP_MF "9000"},                                 /* above the ADF too */
        {"00a40304023f00", "6700"},      {"00a40104022f05", "6a82"}, /* no directory */
        {"00a40104027ff0", "6a82"},      {"00a4010c", "6700"},
    };
    run_on_new_card(exchanges);
}

static void test_select_by_name(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4040410" USIM_AID, FCP_ADF "9000"},
        {"00a4040409" API_AID, FCP_API "9000"},
        {"00a404040ca0000000871002ffffffff89", FCP_ADF "9000"}, /* cut on the right */
        {"00a4040401a0", FCP_ADF "9000"},
        {"00a4040401f0", FCP_API "9000"},
        {"00a4040407a0000000871005", "6a82"},
        {"00a4040410a0000000871002ffffffff8907090001", "6a82"},
        {"00a404040a" API_AID "00", "6a82"},   /* longer than the AID */
        {"80f2000100", "8409" API_AID "9000"}, /* what failed changed nothing */
        {"00a40404", "6700"},
        {"00a4040411" USIM_AID "00", "6700"},
        {"00a4040710" USIM_AID, FCP_ADF "9000"}, /* previous: before the applet stands the USIM */
        {"00a4040710" USIM_AID, "6a82"},         /* and before that nothing */
        {"00a4040610" USIM_AID, "6a82"},         /* nor a next one of this name */
        {"00a4040510" USIM_AID, FCP_ADF "9000"}, /* the last */
    };
    run_on_new_card(exchanges);
}

/* A session of an application is ended with P2 4X (11.1.1.2). */
static void test_terminate(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4044c10" USIM_AID, "6a86"}, /* it is not active */
        {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026f46", "9000"},
        {"00a4044c09" API_AID, "6a86"},  {"00a4044410" USIM_AID, FCP_ADF "9000"},
        {"80f2000100", "9000"},          {"80f2000000", FCP_MF "9000"},
        {"00b0000001", "6986"},          {"00a4000c027fff", "6a82"},
    };
    run_on_new_card(exchanges);
}

/* STATUS */

static void test_status(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"80f2000000", FCP_MF "9000"},
        {"80f2000c", "9000"},
        {"80f2000100", "9000"},
        {"00a4040c10" USIM_AID, "9000"},
        {"00a4000c026f46", "9000"},
        {"80f2000000", FCP_ADF "9000"}, /* of the directory */
        {"80f2010100", "8410" USIM_AID "9000"},
        {"80f2020c", "9000"},
        {"00b0000001", "009000"}, /* the file is still selected */
        {"80f2030000", "6a86"},
        {"80f2000200", "6a86"},
        {"80f2000001aa00", "6700"},
        {"00f2000000", "6e00"},
    };
    run_on_new_card(exchanges);
}

/* With the applet selected there is no ADF, and files keep their rules. */
static void test_files_beside_the_applet(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"00a4040c10" USIM_AID, "9000"}, {"00a4000c026f07", "9000"},
        {"00a4040c09" API_AID, "9000"},  {"00b0000009", "6982"},
        {"00a4000c027fff", "6a82"},      {"00a4080c047fff6f07", "6a82"},
        {"0020000108" TEST_PIN, "9000"}, {"00b0000009", "0809101010325476989000"},
    };
    run_on_new_card(exchanges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select_by_identifier),
        cmocka_unit_test(test_select_by_path),
        cmocka_unit_test(test_select_parent_and_child),
        cmocka_unit_test(test_select_by_name),
        cmocka_unit_test(test_terminate),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_files_beside_the_applet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
