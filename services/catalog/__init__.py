"""The catalogue 政务服务事项目录: items, packages, departments and the working calendar."""
