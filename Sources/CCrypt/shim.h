// libxcrypt: bcrypt (`$2b$`) by crypt_r and crypt_gensalt_rn.

#ifndef LINGXI_CCRYPT_H
#define LINGXI_CCRYPT_H

#include <crypt.h>

#endif
