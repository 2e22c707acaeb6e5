// libyaml's event parser, which knows line and column of everything it reads.

#ifndef LINGXI_CYAML_H
#define LINGXI_CYAML_H

#include <yaml.h>

#endif
