module nested-mknod

go 1.15
