using System.Net;
using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>What one request of http-01 came to. Closed.</summary>
internal abstract record HttpAnswer
{
    private HttpAnswer()
    {
    }

    /// <param name="Body">At most as many octets as are read.</param>
    /// <param name="Overflow">There were more.</param>
    public sealed record Complete(HttpStatusCode Status, byte[] Body, bool Overflow, IPEndPoint From) : HttpAnswer;

    /// <param name="Location">As the server wrote it; empty when it wrote none.</param>
    public sealed record Redirect(string Location, IPEndPoint From) : HttpAnswer;

    /// <param name="Detail">A clause without a full stop.</param>
    public sealed record Failed(AcmeErrorType Error, string Detail) : HttpAnswer;
}
