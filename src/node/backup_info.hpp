// A backup's manifest in the words of the public header.
#pragma once

#include "disk/backup_dir.hpp"
#include "rafted/backup.hpp"

namespace rafted::node {

BackupInfo info_of(const disk::BackupManifest& manifest);

}  // namespace rafted::node
