using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Est;

/// <summary>One EST request on its way: who sent it, for which label, and how it is refused.</summary>
internal readonly struct EstExchange(EstServices services, HttpContext context, string operation, ClientIdentity.Presented client, BasicCredentials basic)
{
    private const string Protocol = "est";

    public EstServices Services { get; } = services;

    public HttpContext Context { get; } = context;

    public string Operation { get; } = operation;

    /// <summary>The TLS client certificate, or what a trusted proxy says it was.</summary>
    public ClientIdentity.Presented Client { get; } = client;

    /// <summary>RFC 7030 §3.2.2's arbitrary label; null: none.</summary>
    public string? Label => Context.Request.RouteValues.TryGetValue(EstEndpoints.LabelParameter, out var value) ? (string?)value : null;

    public string CorrelationId => Http.CorrelationId.Of(Context);

    /// <summary>
    /// Who asks. A credential that was sent is what its sender wants judged (an agent may be enrolled anew while its old certificate still opens the
    /// connection); a renewal is the certificate's own affair.
    /// </summary>
    public Requester Requester(EnrollmentKind kind) => (Client.Certificate, basic) switch
    {
        ({ } certificate, _) when kind == EnrollmentKind.Renew => new Requester.AgentCertificate(certificate),
        (_, { Name: { } name, Secret: { } secret }) => new Requester.Credential(name, secret),
        ({ } certificate, _) => new Requester.AgentCertificate(certificate),
        _ => new Requester.Stranger(Services.Clients.AddressOf(Context)),
    };

    /// <summary>Why who asks cannot even be told; null when it can.</summary>
    public PkiProblem? IdentityProblem => basic switch
    {
        { Error: { } error } => new PkiProblem(PkiProblemKind.Unauthenticated, error),
        { IsPresent: true } when Client.Problem is not { Kind: PkiProblemKind.MalformedRequest } => null,
        _ => Client.Problem,
    };

    public EnrollmentRequest Request(X509.Requests.Pkcs10Request request, EnrollmentKind kind) =>
        new(request, Requester(kind), Label, kind, Protocol, CorrelationId);

    /// <summary>Refuses what never became an <see cref="EnrollmentRequest"/>; recorded under the requester's name if he proves it.</summary>
    public Task RefuseAsync(PkiProblem problem, EnrollmentKind kind = EnrollmentKind.Enroll) =>
        RefuseAsync(problem, problem.Kind == PkiProblemKind.Unauthenticated ? Nobody : Requester(kind));

    /// <summary>Refuses without asking who it is: counted among the strangers' refusals (invariant 2: garbage buys no storage, and no store reads).</summary>
    public Task RefuseUnaskedAsync(PkiProblem problem) => RefuseAsync(problem, Nobody);

    /// <summary>Answers a refusal that the registration authority made and recorded.</summary>
    public Task AnswerAsync(PkiProblem problem)
    {
        Log.Refused(Services.Logger, CorrelationId, Operation, problem.Kind, problem.Detail);
        return WriteAsync(problem);
    }

    /// <summary>Records a refusal of what never became an <see cref="EnrollmentRequest"/>, for an answer that its caller writes.</summary>
    public ValueTask RecordAsync(PkiProblem problem, Requester requester)
    {
        Log.Refused(Services.Logger, CorrelationId, Operation, problem.Kind, problem.Detail);
        return Services.Refuse(requester, problem, Protocol, CorrelationId, Context.RequestAborted);
    }

    private Requester Nobody => new Requester.Stranger(Services.Clients.AddressOf(Context));

    private async Task RefuseAsync(PkiProblem problem, Requester requester)
    {
        await RecordAsync(problem, requester);
        await WriteAsync(problem);
    }

    private Task WriteAsync(PkiProblem problem) => EstProblems.WriteAsync(Context, problem, EstProblems.Challenge(Services.Options.Realm));
}
