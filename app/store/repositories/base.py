"""What repositories share."""

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.ids import WorkspaceId


class Repository:
    """Statements on one workspace's rows, on the session of a unit of work."""

    def __init__(self, session: AsyncSession, workspace_id: WorkspaceId) -> None:
        self._session = session
        self._workspace_id = workspace_id
