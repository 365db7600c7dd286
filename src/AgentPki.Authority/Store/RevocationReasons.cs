namespace AgentPki.Authority.Store;

public static class RevocationReasons
{
    /// <summary>Whether the keys of what is revoked for that reason are not certified again: compromise, or a privilege that was withdrawn.</summary>
    public static bool BlocksKeys(this RevocationReason reason) =>
        reason is RevocationReason.KeyCompromise or RevocationReason.CaCompromise or RevocationReason.PrivilegeWithdrawn or RevocationReason.AaCompromise;
}
