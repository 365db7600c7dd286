using AgentPki.Authority.Cms;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Cms.Cmc;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Est;

/// <summary>
/// Full CMC (RFC 7030 §4.3, RFC 5272): a PKIData with one PKCS#10 request, signed with a certificate of this appliance. What is no CMC message is refused in
/// plain text; what is one, and cannot be served, is answered by a signed PKIResponse that says why.
/// </summary>
internal sealed class EstFullCmcHandler(EstServices services)
{
    private static readonly string[] KnownControls = [CmcOids.TransactionId, CmcOids.SenderNonce];

    public async Task HandleAsync(EstExchange exchange)
    {
        var (message, signer, problem) = await ReadAsync(exchange);
        if (message is null || signer is null)
        {
            await exchange.RefuseAsync(problem!);
            return;
        }

        if (await services.CmsSigner(exchange.Context.RequestAborted) is not { } responder)
        {
            await exchange.RefuseAsync(new PkiProblem(PkiProblemKind.PolicyViolation, "this appliance answers no full CMC requests: it has no CMS signer (no profile 'use: cms-signer')"));
            return;
        }

        var requester = new Requester.AgentCertificate(signer);
        if (CmcRules.WhyNotServed(message, KnownControls, out var request) is { } refused)
        {
            await exchange.RecordAsync(refused.Problem, requester);
            await AnswerAsync(exchange, responder, message, refused.Status, EstProblems.Map(refused.Problem.Kind).Status, []);
            return;
        }

        // A request for the signer's own name is a renewal, and held to its rules; another name is an enrolment.
        var kind = request!.Request!.Subject.Equals(signer.Subject) ? EnrollmentKind.Renew : EnrollmentKind.Enroll;
        var enrollment = new EnrollmentRequest(request.Request, requester, exchange.Label, kind, "cmc", exchange.CorrelationId);
        switch (await services.Enroll(enrollment, exchange.Context.RequestAborted))
        {
            case EnrollmentOutcome.Issued issued:
                Log.Issued(services.Logger, exchange.CorrelationId, exchange.Operation, issued.Certificate.SerialHex);
                await AnswerAsync(exchange, responder, message, new CmcStatusInfo(CmcStatus.Success, [request.BodyPartId]), StatusCodes.Status200OK, [issued.Certificate, .. issued.Chain]);
                break;
            case EnrollmentOutcome.Pending pending:
                Log.Pending(services.Logger, exchange.CorrelationId, exchange.Operation, pending.ApprovalId);
                ProblemText.SetRetryAfter(exchange.Context.Response, pending.RetryAfter);
                await AnswerAsync(exchange, responder, message, CmcRules.Pending(request.BodyPartId, pending, services.Time.GetUtcNow()), StatusCodes.Status202Accepted, []);
                break;
            case EnrollmentOutcome.Rejected rejected:
                Log.Refused(services.Logger, exchange.CorrelationId, exchange.Operation, rejected.Problem.Kind, rejected.Problem.Detail);
                ProblemText.SetRetryAfter(exchange.Context.Response, rejected.Problem.RetryAfter);
                await AnswerAsync(exchange, responder, message, CmcRules.Failed(request.BodyPartId, rejected.Problem), EstProblems.Map(rejected.Problem.Kind).Status, []);
                break;
        }
    }

    /// <summary>The PKIData and whose signature it carries, or why it is none.</summary>
    private async ValueTask<(PkiData? Message, Certificate? Signer, PkiProblem? Problem)> ReadAsync(EstExchange exchange)
    {
        // RFC 7030 §4.3.1; the parameter is left out by some clients.
        if (!MediaType.Is(exchange.Context.Request, EstMediaTypes.Pkcs7) || MediaType.Parameter(exchange.Context.Request, "smime-type") is { } type && !type.Equals(EstMediaTypes.CmcRequest, StringComparison.OrdinalIgnoreCase))
        {
            return (null, null, new PkiProblem(PkiProblemKind.UnsupportedMediaType, $"The Content-Type must be {EstMediaTypes.Pkcs7}; smime-type={EstMediaTypes.CmcRequest} (RFC 7030 §4.3.1)."));
        }

        var (der, problem) = await EstPkcs10.ReadBase64Async(exchange, services.Options.FullCmcBodyLimit);
        if (problem is not null)
        {
            return (null, null, problem);
        }

        if (!SignedData.TryParse(der, out var signed, out var error))
        {
            return Malformed($"the body is no CMS SignedData: {error}");
        }

        if (signed.ContentType != Oids.CmcPkiData)
        {
            return Malformed($"the SignedData holds {signed.ContentType} where id-cct-PKIData belongs (RFC 5272 §3.2.1)");
        }

        if (!PkiData.TryParse(signed.Content, out var message, out error))
        {
            return Malformed($"the PKIData cannot be read: {error}");
        }

        return signed.Verify(services.Providers, exchange.Client.Certificate is { } certificate ? [certificate] : []) switch
        {
            // Nobody else gets the appliance's signature, not even under a refusal: it costs the token one.
            [var signer] when !services.Clients.IsIssuedHere(signer) => (null, null, new PkiProblem(PkiProblemKind.Unauthorized, "the message is signed with a certificate that no CA of this appliance issued")),
            [var signer] => (message, signer, null),
            null => (null, null, new PkiProblem(PkiProblemKind.BadProofOfPossession, "the SignedData has no signature that verifies with a certificate in it: sign it with a certificate of this appliance and send that along")),
            _ => Malformed("the SignedData must have exactly one signer"),
        };
    }

    private static (PkiData?, Certificate?, PkiProblem?) Malformed(string detail) => (null, null, new PkiProblem(PkiProblemKind.MalformedRequest, detail));

    /// <summary>RFC 7030 §4.3.2: the PKIResponse, with an HTTP status of its kind.</summary>
    private static async Task AnswerAsync(EstExchange exchange, CmsSigner responder, PkiData message, CmcStatusInfo status, int httpStatus, IReadOnlyList<Certificate> certificates)
    {
        var response = new PkiResponse([status]) { TransactionId = message.TransactionId, RecipientNonce = message.SenderNonce }.Encode();
        var signed = await responder.SignPkiResponseAsync(response, certificates, exchange.Context.RequestAborted);
        // No 401: HTTP authentication would not help here (RFC 9110 §15.5.2 wants a challenge with it).
        exchange.Context.Response.StatusCode = httpStatus == StatusCodes.Status401Unauthorized ? StatusCodes.Status403Forbidden : httpStatus;
        exchange.Context.Response.Headers.CacheControl = "no-store";
        exchange.Context.Response.Headers[CorrelationId.HeaderName] = exchange.CorrelationId;
        await EstAnswer.WriteAsync(exchange.Context, EstMediaTypes.CmcResponse, signed);
    }
}
