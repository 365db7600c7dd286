namespace AgentPki.Pkcs11.Sessions;

/// <summary>A sign of life: being run at all means that there is a session and a login.</summary>
internal sealed class ConnectOperation(TimeSpan deadline) : TokenOperation<bool>("connect", deadline)
{
    protected override bool Execute(TokenSession session) => true;
}
