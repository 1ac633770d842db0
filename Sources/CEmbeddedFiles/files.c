#include "CEmbeddedFiles.h"

#include <string.h>

// Of C23; Clang takes it in older C, too. A literal array in Swift takes the compiler seconds.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t profiles_bin[] = {
#embed "../LanguageIdentification/profiles.bin"
};
static const uint8_t page_common_css[] = {
#embed "../Pages/Web/common.css"
};
static const uint8_t page_common_js[] = {
#embed "../Pages/Web/common.js"
};
static const uint8_t page_head_html[] = {
#embed "../Pages/Web/head.html"
};
static const uint8_t page_home_css[] = {
#embed "../Pages/Web/home.css"
};
static const uint8_t page_home_html[] = {
#embed "../Pages/Web/home.html"
};
static const uint8_t page_home_js[] = {
#embed "../Pages/Web/home.js"
};
static const uint8_t page_reference_css[] = {
#embed "../Pages/Web/reference.css"
};
static const uint8_t page_reference_html[] = {
#embed "../Pages/Web/reference.html"
};
static const uint8_t page_reference_js[] = {
#embed "../Pages/Web/reference.js"
};
static const uint8_t language_ar_txt[] = {
#embed "../TextPreparation/Languages/ar.txt"
};
static const uint8_t language_cs_txt[] = {
#embed "../TextPreparation/Languages/cs.txt"
};
static const uint8_t language_de_txt[] = {
#embed "../TextPreparation/Languages/de.txt"
};
static const uint8_t language_en_txt[] = {
#embed "../TextPreparation/Languages/en.txt"
};
static const uint8_t language_es_txt[] = {
#embed "../TextPreparation/Languages/es.txt"
};
static const uint8_t language_fr_txt[] = {
#embed "../TextPreparation/Languages/fr.txt"
};
static const uint8_t language_it_txt[] = {
#embed "../TextPreparation/Languages/it.txt"
};
static const uint8_t language_ja_txt[] = {
#embed "../TextPreparation/Languages/ja.txt"
};
static const uint8_t language_nl_txt[] = {
#embed "../TextPreparation/Languages/nl.txt"
};
static const uint8_t language_pl_txt[] = {
#embed "../TextPreparation/Languages/pl.txt"
};
static const uint8_t language_pt_txt[] = {
#embed "../TextPreparation/Languages/pt.txt"
};
static const uint8_t language_ru_txt[] = {
#embed "../TextPreparation/Languages/ru.txt"
};
static const uint8_t language_th_txt[] = {
#embed "../TextPreparation/Languages/th.txt"
};
static const uint8_t language_uk_txt[] = {
#embed "../TextPreparation/Languages/uk.txt"
};
static const uint8_t language_und_txt[] = {
#embed "../TextPreparation/Languages/und.txt"
};
static const uint8_t language_zh_txt[] = {
#embed "../TextPreparation/Languages/zh.txt"
};
static const uint8_t entities_txt[] = {
#embed "../TextPreparation/Markup/entities.txt"
};
static const uint8_t openapi_yaml[] = {
#embed "../../openapi.yaml"
};

#define FILE(path, bytes) {path, bytes, sizeof bytes}

static const ShoalFile files[] = {
    FILE("LanguageIdentification/profiles.bin", profiles_bin),
    FILE("Pages/Web/common.css", page_common_css),
    FILE("Pages/Web/common.js", page_common_js),
    FILE("Pages/Web/head.html", page_head_html),
    FILE("Pages/Web/home.css", page_home_css),
    FILE("Pages/Web/home.html", page_home_html),
    FILE("Pages/Web/home.js", page_home_js),
    FILE("Pages/Web/reference.css", page_reference_css),
    FILE("Pages/Web/reference.html", page_reference_html),
    FILE("Pages/Web/reference.js", page_reference_js),
    FILE("TextPreparation/Languages/ar.txt", language_ar_txt),
    FILE("TextPreparation/Languages/cs.txt", language_cs_txt),
    FILE("TextPreparation/Languages/de.txt", language_de_txt),
    FILE("TextPreparation/Languages/en.txt", language_en_txt),
    FILE("TextPreparation/Languages/es.txt", language_es_txt),
    FILE("TextPreparation/Languages/fr.txt", language_fr_txt),
    FILE("TextPreparation/Languages/it.txt", language_it_txt),
    FILE("TextPreparation/Languages/ja.txt", language_ja_txt),
    FILE("TextPreparation/Languages/nl.txt", language_nl_txt),
    FILE("TextPreparation/Languages/pl.txt", language_pl_txt),
    FILE("TextPreparation/Languages/pt.txt", language_pt_txt),
    FILE("TextPreparation/Languages/ru.txt", language_ru_txt),
    FILE("TextPreparation/Languages/th.txt", language_th_txt),
    FILE("TextPreparation/Languages/uk.txt", language_uk_txt),
    FILE("TextPreparation/Languages/und.txt", language_und_txt),
    FILE("TextPreparation/Languages/zh.txt", language_zh_txt),
    FILE("TextPreparation/Markup/entities.txt", entities_txt),
    FILE("openapi.yaml", openapi_yaml),
};

ShoalFile shoal_file(const char *path) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].path, path) == 0) return files[i];
    return (ShoalFile){path, NULL, 0};
}
