using AgentPki.Authority.Enrollment;

namespace AgentPki.Protocols.Est;

/// <summary>Hop 2 of an enrolment: media type, base64, PKCS#10 → <see cref="EnrollmentRequest"/> → the answer (RFC 7030 §4.2).</summary>
internal sealed class EstEnrollHandler(EstServices services)
{
    /// <summary>RFC 7030 §4.2.1.</summary>
    public Task EnrollAsync(EstExchange exchange) => HandleAsync(exchange, EnrollmentKind.Enroll);

    /// <summary>RFC 7030 §4.2.2.</summary>
    public Task ReenrollAsync(EstExchange exchange) => HandleAsync(exchange, EnrollmentKind.Renew);

    private async Task HandleAsync(EstExchange exchange, EnrollmentKind kind)
    {
        var (request, problem) = await EstPkcs10.ReadAsync(exchange);
        if (request is null)
        {
            await exchange.RefuseAsync(problem!, kind);
            return;
        }

        switch (await services.Enroll(exchange.Request(request, kind), exchange.Context.RequestAborted))
        {
            case EnrollmentOutcome.Issued issued:
                Log.Issued(services.Logger, exchange.CorrelationId, exchange.Operation, issued.Certificate.SerialHex);
                await EstAnswer.WriteCertificateAsync(exchange.Context, issued.Certificate);
                break;
            case EnrollmentOutcome.Pending pending:
                Log.Pending(services.Logger, exchange.CorrelationId, exchange.Operation, pending.ApprovalId);
                await EstAnswer.WritePendingAsync(exchange.Context, pending.RetryAfter);
                break;
            case EnrollmentOutcome.Rejected rejected:
                await exchange.AnswerAsync(rejected.Problem);
                break;
        }
    }
}
