"""`report …`: asked of the registry, answered as rows, documents, workbooks and pictures."""
